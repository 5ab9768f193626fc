// The permissions that docs/guide/object-stores.md names are enough for each role, and no more: the guide's own table
// becomes a bucket policy on a real gateway, and each role then tries everything. Needs LIFEBOAT_TEST_CEPH_CONF, set by
// tests/servers/with-ceph-rgw.sh, to make users.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/random.h"
#include "store/s3_credentials.h"
#include "store/s3_store.h"

namespace lifeboat::store {
namespace {

constexpr std::array kRoles{"reader", "writer", "pruner"};

struct Permission {
  std::string action;
  bool on_bucket = false;  ///< else on the objects
  std::set<std::string> roles;
};

std::string guide() {
  return std::string(as_text(read_file("docs/guide/object-stores.md")));
}

// Rows like: | `s3:GetObject` | prefix | yes | yes | |
std::vector<Permission> permissions_in_guide() {
  std::vector<Permission> found;
  std::string text = guide();
  for (std::size_t at = text.find("\n| `s3:"); at != std::string::npos; at = text.find("\n| `s3:", at + 1)) {
    if (text.compare(at, 8, "\n| `s3:/") == 0) continue;  // a URL
    std::vector<std::string> cells;
    std::string row = text.substr(at + 2, text.find('\n', at + 1) - at - 2);
    for (std::size_t bar = row.find('|'); bar != std::string::npos; bar = row.find('|')) {
      cells.push_back(row.substr(0, bar));
      row.erase(0, bar + 1);
    }
    if (cells.size() != 5) fail(Code::kInternal, "a row of the guide's table has not five cells");
    Permission permission{.action = cells[0].substr(2, cells[0].rfind('`') - 2),
                          .on_bucket = cells[1].find("bucket") != std::string::npos};
    for (std::size_t i = 0; i < kRoles.size(); ++i) {
      if (cells[i + 2].find("yes") != std::string::npos) permission.roles.insert(kRoles[i]);
    }
    found.push_back(std::move(permission));
  }
  return found;
}

json::array actions_of(const std::string& role, bool on_bucket) {
  json::array actions;
  for (const Permission& each : permissions_in_guide()) {
    if (each.on_bucket == on_bucket && each.roles.contains(role)) actions.emplace_back(each.action);
  }
  return actions;
}

TEST(StorePermissions, TheGuidesPolicyGivesAWriterWhatItsTableSays) {
  const std::string text = guide();
  const std::size_t begin = text.find("```json\n") + 8;
  const json::value policy = parse_json(text.substr(begin, text.find("```", begin) - begin), "the guide's policy");
  std::set<std::string> in_policy;
  for (const auto& statement : policy.as_object().at("Statement").as_array()) {
    const json::value& actions = statement.as_object().at("Action");
    if (actions.is_string()) in_policy.insert(actions.as_string().c_str());
    if (!actions.is_array()) continue;
    for (const auto& action : actions.as_array()) in_policy.insert(action.as_string().c_str());
  }
  std::set<std::string> in_table;
  for (const Permission& each : permissions_in_guide()) {
    if (each.roles.contains("writer")) in_table.insert(each.action);
  }
  EXPECT_EQ(in_policy, in_table);
}

class StorePermissionsOnServer : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* url = std::getenv("LIFEBOAT_TEST_S3_URL");
    const char* conf = std::getenv("LIFEBOAT_TEST_CEPH_CONF");
    if (url == nullptr || conf == nullptr) GTEST_SKIP() << "LIFEBOAT_TEST_CEPH_CONF is not set";
    location_ = parse_s3_location(parse_url(url), url);
    location_.prefix = random_hex(8) + "/";
    for (const std::string role : kRoles) {
      const ProcessResult made = run_process(
          {.argv = {"radosgw-admin", "-c", conf, "--no-mon-config", "user", "create", "--uid=" + role,
                    "--display-name=" + role, "--access-key=" + role + "key", "--secret=" + role + "secret"},
           .stderr_file = "/dev/null"});
      ASSERT_EQ(made.exit_status, 0) << made.out;
      stores_[role] = open_s3_store(
          location_, {.access_key = role + "key", .secret_key = codec::Secret(std::string_view(role + "secret"))});
    }
    stores_["owner"] = open_s3_store(location_, load_s3_credentials());
    put_policy();
  }

  void put_policy() {
    json::array statements;
    for (const std::string role : kRoles) {
      for (const bool on_bucket : {true, false}) {
        const std::string resource =
            "arn:aws:s3:::" + location_.bucket + (on_bucket ? "" : "/" + location_.prefix + "*");
        statements.push_back(
            json::object{{"Effect", "Allow"},
                         {"Principal", json::object{{"AWS", json::array{"arn:aws:iam:::user/" + role}}}},
                         {"Action", actions_of(role, on_bucket)},
                         {"Resource", json::array{json::string(resource)}}});
      }
    }
    const std::string policy = json::serialize(json::object{{"Version", "2012-10-17"}, {"Statement", statements}});
    S3Client(location_, load_s3_credentials(), {})
        .perform({.method = "PUT", .query = {{"policy", ""}}, .body = as_bytes(policy)});
  }

  // "" if it works, else the code's name.
  static std::string outcome(const std::function<void()>& call) {
    try {
      call();
      return "";
    } catch (const Exception& e) {
      return std::string(code_name(e.code()));
    }
  }

  static void write_large(Store& store, std::string_view name) {
    const auto writer = store.create(name);
    writer->append(Bytes(20 << 20, 'x'));
    writer->commit();
  }

  S3Location location_;
  std::map<std::string, std::unique_ptr<Store>> stores_;
};

TEST_F(StorePermissionsOnServer, AreEnoughForEachRoleAndNoMore) {
  stores_["owner"]->put("there", as_bytes("x"));
  for (const std::string role : kRoles) {
    Store& store = *stores_[role];
    const std::string writes = role == "reader" ? "denied" : "";
    const std::string removes = role == "pruner" ? "" : "denied";
    Bytes out(1);
    EXPECT_EQ(outcome([&] { store.get("there"); }), "") << role;
    EXPECT_EQ(outcome([&] { store.get_range("there", 0, out); }), "") << role;
    EXPECT_EQ(outcome([&] { store.list("", [](const ObjectInfo&) {}); }), "") << role;
    EXPECT_EQ(outcome([&] { store.clock(); }), "") << role;
    EXPECT_EQ(outcome([&] { store.get("absent"); }), "not_found") << role;
    EXPECT_EQ(outcome([&] { EXPECT_FALSE(store.find("absent")); }), "") << role;
    EXPECT_EQ(outcome([&] { store.put(role + "/small", as_bytes("x")); }), writes) << role;
    EXPECT_EQ(outcome([&] { write_large(store, role + "/large"); }), writes) << role;
    EXPECT_EQ(outcome([&] { store.create(role + "/abandoned")->append(Bytes(20 << 20, 'x')); }), writes) << role;
    EXPECT_EQ(outcome([&] { store.put("there", as_bytes("y")); }), role == "reader" ? "denied" : "exists") << role;
    EXPECT_EQ(outcome([&] { store.remove_unfinished(-std::chrono::hours(1)); }), removes) << role;
    EXPECT_EQ(outcome([&] { store.remove("there"); }), removes) << role;
  }
  // Nothing was left behind by those who may abort.
  EXPECT_EQ(stores_["owner"]->remove_unfinished(-std::chrono::hours(1)), 0U);
}

}  // namespace
}  // namespace lifeboat::store
