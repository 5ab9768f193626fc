#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "base/json.h"
#include "base/printable.h"
#include "base/units.h"

namespace lifeboat::log {
namespace {

struct State {
  std::shared_ptr<spdlog::logger> logger = spdlog::stderr_color_mt("lifeboat");
  Style style = Style::kText;
  State() { logger->set_pattern("%^%l%$: %v"); }
};

State& state() {
  static State instance;
  return instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

void configure(Level level, Style style) {
  state().style = style;
  state().logger->set_level(to_spdlog(level));
  state().logger->set_pattern(style == Style::kJson ? "%v" : "%^%l%$: %v");
}

void write(Level level, std::string_view message) {
  const auto severity = to_spdlog(level);
  if (state().style == Style::kText) {
    state().logger->log(severity, "{}", printable(message));
    return;
  }
  const auto name = spdlog::level::to_string_view(severity);
  const json::object line{{"time", format_time(now())},
                          {"level", json::string_view(name.data(), name.size())},
                          {"message", json::string_view(message.data(), message.size())}};
  state().logger->log(severity, "{}", valid_utf8(json::serialize(line)));
}

}  // namespace lifeboat::log
