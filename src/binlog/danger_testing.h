/// Statement → what the classifier says of it, for its tests.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "binlog/danger.h"

namespace lifeboat::binlog {

struct Case {
  std::string_view text;
  std::string_view expected;  ///< "class object,object; class …"; empty: ordinary
};

inline std::string told(const std::vector<Effect>& effects) {
  std::string out;
  for (const Effect& effect : effects) {
    if (severity_of(effect.danger) == Severity::kOrdinary) continue;
    if (!out.empty()) out += "; ";
    out += danger_class_name(effect.danger);
    for (std::size_t i = 0; i < effect.objects.size(); ++i) out += (i == 0 ? " " : ",") + effect.objects[i].text();
  }
  return out;
}

inline constexpr std::uint64_t kStrict = kModeStrictTransTables;

class Classifier {
 public:
  explicit Classifier(std::uint64_t sql_mode = kStrict, Charset charset = Charset::kPlain) {
    context.dialect.charset = charset;
    context.database = "shop";
    context.dialect.sql_mode = sql_mode;
    context.session.thread_id = 7;
    context.time_s = 1'795'000'000;
  }
  std::string operator()(std::string_view text) { return told(classify_statement(text, context, memory)); }

  StatementContext context;
  TableMemory memory;
};

inline void expect_all(std::initializer_list<Case> cases, std::uint64_t sql_mode = kStrict) {
  for (const Case& each : cases) EXPECT_EQ(Classifier(sql_mode)(each.text), each.expected) << each.text;
}

}  // namespace lifeboat::binlog
