#include "rescue/objective.h"

#include "base/error.h"
#include "base/units.h"

namespace lifeboat::rescue {
namespace {

std::optional<std::chrono::milliseconds> read_duration(ConfigTable& table, std::string_view key) {
  const auto text = table.text(key);
  if (!text) return std::nullopt;
  try {
    return parse_duration(*text);
  } catch (const Exception& e) {
    table.bad(key, e.error().message, "Write it like \"30m\" or \"5s\".");
  }
}

}  // namespace

Objective parse_objective(std::string_view text, std::string_view file) {
  ConfigTable root = ConfigTable::parse(text, file);
  auto table = root.table("objective");
  static_cast<void>(root.table("guard"));  // relay/guard_config.h, which reads the same file
  root.finish();
  if (!table) return {};
  Objective objective{.back_within = read_duration(*table, "back_within"),
                      .lose_at_most = read_duration(*table, "lose_at_most")};
  table->finish();
  return objective;
}

Objective read_objective(const Path& file) {
  return parse_objective(as_text(read_file(file, kObjectiveConfigMax)), file.string());
}

}  // namespace lifeboat::rescue
