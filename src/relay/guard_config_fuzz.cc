// What a person, or whoever may write to the file, gives the guard as its rules and as its approvers: refused with an
// error that names the line, or understood.

#include "base/error.h"
#include "relay/approvers.h"
#include "relay/guard_config.h"
#include "relay/guard_rules.h"

namespace {

template <typename Action>
void refused_or_done(Action action) {
  try {
    action();
  } catch (const lifeboat::Exception& e) {
    LIFEBOAT_CHECK(e.code() == lifeboat::Code::kUsage);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat;
  const std::string_view text = as_text({data, size});
  refused_or_done([&] {
    const relay::GuardConfig config = relay::parse_guard_config(text, "fuzz");
    relay::GroupFacts facts;
    facts.danger.effects.push_back({binlog::DangerClass::kDropTable, {{"shop", "orders"}, {"", "x"}}, 0, ""});
    facts.danger.rows[{"shop", "orders"}] = {.inserted = 1, .updated = 2, .deleted = 3};
    facts.windows[{"shop", "orders"}].resize(relay::rule_windows(config).size());
    const auto any = relay::judge(facts, config, std::nullopt, nullptr);
    const auto one = relay::judge(facts, config, relay::ReplicaName{.user = "r", .server_id = 2}, nullptr);
    LIFEBOAT_CHECK(any.action == relay::GuardAction::kAllow || relay::may_matter(facts, config));
    // What every replica may have is not looked at again for each.
    LIFEBOAT_CHECK(any.action != relay::GuardAction::kAllow || one.action == relay::GuardAction::kAllow);
  });
  refused_or_done([&] {
    const auto approvers = relay::parse_approvers(text, "fuzz");
    LIFEBOAT_CHECK(relay::parse_approvers(relay::format_approvers(approvers), "again") == approvers);
  });
  return 0;
}
