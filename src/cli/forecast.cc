// `lifeboat forecast`: how long it would take until the database is back, by what drills have measured, before anything
// has happened.

#include "rescue/forecast.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/process.h"
#include "cli/commands.h"
#include "cli/log_options.h"
#include "cli/relay_directory.h"
#include "cli/rescue_commands.h"
#include "rescue/forecast_book.h"
#include "rescue/forecast_rescue.h"
#include "rescue/left_out_choice.h"
#include "rescue/log_choice.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::vector<std::string> dangers;
  std::string to;
  std::string image;
  std::string load;
  std::string directory;
  std::string source;
  std::string incarnation;
  RescueBranchOptions branch;
};

/// One way back; without a forecast it is not possible.
struct Way {
  std::string name;
  std::string what;
  std::string why_not;
  bool chosen = false;  ///< the plan goes by it
  std::optional<rescue::Forecast> forecast;
};

void add_options(Command& command, Options& options) {
  command.add_option("--danger", options.dangers, "GTID that is to be left out; several times (default: what is held)");
  command.add_option("--to", options.to, "up to a time (2026-11-28T22:40:00Z), a GTID, FILE:POSITION (default: all)");
  command.add_option("--image", options.image, "from this image: its name or a unique prefix");
  command.add_option("--load", options.load, "what the host is under, as drills were labelled: idle, … (default: any)");
  command.add_option("--dir", options.directory, "the relay's directory (default: of the one that runs)");
  command.add_option("--source", options.source, "HOST:PORT whose log to go by (default: the one that has all)");
  command.add_option("--incarnation", options.incarnation, "one of the source's logs, as 000001 (default: the newest)");
  add_rescue_account_options(command, options.branch);
}

/// Durations are told no more exactly than they can be known.
std::string about(double seconds) {
  if (seconds < 10) return format("{:.1f} s", seconds);
  if (seconds < 60) return format("{:.0f} s", seconds);
  double step = 3600;
  if (seconds < 1800) {
    step = 10;
  } else if (seconds < 2 * 3600) {
    step = 300;
  } else if (seconds < 8 * 3600) {
    step = 900;
  }
  return format_duration(std::chrono::seconds(std::llround(seconds / step) * std::llround(step)));
}

class Forecaster {
 public:
  Forecaster(Context& context, const Options& options)
      : options_(options),
        state_root_(branch_state_root(options.branch.state)),
        vault_(context.open_vault()),
        relay_(relay_directory(options.directory)),
        log_(rescue::choose_incarnation(relay_, name_of_source(options.source), options.incarnation)),
        drilled_(rescue::read_drill_samples(*vault_)),
        book_(rescue::find_forecast_book(state_root_)),
        standbys_(rescue::find_standbys(state_root_,
                                        server::control_logins(options.branch.user, options.branch.password_file))) {}

  /// The standby first.
  std::vector<Way> ways() {
    std::vector<Way> ways;
    try {
      const rescue::RescuePicture picture = plan({});
      left_out_ = gtids_of(picture.left_out);
      if (options_.to.empty()) rescue_leaves_out_ = gtids_of(rescue::choose_left_out(picture.dangers));
      ways.push_back(forecast_of(picture));
      ways.front().chosen = true;
      if (options_.image.empty()) ways.push_back(other_than(picture));
    } catch (const Exception& e) {
      if (e.code() != Code::kNotFound) throw;
      ways.clear();
      if (options_.image.empty()) ways.push_back(look_at("standby"));
      ways.push_back(look_at("image"));
    }
    std::ranges::sort(ways, std::ranges::greater(), &Way::name);
    return ways;
  }

  /// After `ways`: GTIDs that the plan leaves out; and those that a rescue would, if nobody says otherwise.
  const std::vector<std::string>& left_out() const { return left_out_; }
  const std::vector<std::string>& rescue_leaves_out() const { return rescue_leaves_out_; }

  const rescue::ForecastBook& book() const { return book_; }
  std::size_t damaged_proofs() const { return drilled_.damaged; }
  /// Of forecasts made before a run began; nothing: none was scored yet.
  const rescue::TrackRecord* record() const {
    const auto found = book_.stages.find(rescue::kBeforeStage);
    return found == book_.stages.end() ? nullptr : &found->second;
  }

 private:
  rescue::RescuePicture plan(const std::string& way) {
    return rescue::plan_rescue(
        {.log = log_, .relay_directory = relay_, .guard_directory = relay_, .vault = *vault_, .standbys = standbys_},
        {.name = {},
         .to = options_.to,
         .skip = options_.dangers,
         .way = way,
         .image = options_.image,
         .rehearsal = options_.dangers.empty()});
  }

  static std::vector<std::string> gtids_of(const std::vector<rescue::FoundDanger>& dangers) {
    std::vector<std::string> gtids;
    for (const rescue::FoundDanger& each : dangers) gtids.push_back(format_gtid(each.gtid));
    return gtids;
  }

  Way forecast_of(const rescue::RescuePicture& picture) {
    const rescue::RescueWay& first = picture.ways.front();
    std::vector<rescue::PhaseTask> tasks = tasks_of(picture, log_, options_.load);
    tasks.insert(tasks.begin(),
                 {.phase = "plan", .work = 1, .unit = "images", .load = options_.load, .host = host_name()});
    return {.name = first.name,
            .what = first.what,
            .why_not = {},
            .forecast = rescue::forecast(tasks, drilled_.samples, book_.widening(rescue::kBeforeStage))};
  }

  /// Of the two, the one that the plan does not go by: planned as well, if it is possible.
  Way other_than(const rescue::RescuePicture& picture) {
    const std::string name = picture.record.standby.empty() ? "standby" : "image";
    const auto way = std::ranges::find(picture.ways, name, &rescue::RescueWay::name);
    if (way == picture.ways.end() || way->why_not.empty()) return look_at(name);
    return {.name = name, .what = way->what, .why_not = way->why_not, .forecast = {}};
  }

  Way look_at(const std::string& name) {
    try {
      return forecast_of(plan(name));
    } catch (const Exception& e) {
      if (e.code() != Code::kNotFound) throw;
      return {.name = name, .what = {}, .why_not = e.error().message, .forecast = {}};
    }
  }

  const Options& options_;
  Path state_root_;
  std::unique_ptr<vault::Vault> vault_;
  Path relay_;
  rescue::RescueLog log_;
  rescue::DrillSamples drilled_;
  rescue::ForecastBook book_;
  std::vector<rescue::FoundStandby> standbys_;
  std::vector<std::string> left_out_;
  std::vector<std::string> rescue_leaves_out_;
};

/// Why nobody outside is to be told; empty: nothing is against it.
std::string why_not_public(const Way& way, const rescue::TrackRecord* record) {
  if (record != nullptr && record->red()) return "too few of the past forecasts held";
  return rescue::why_not_public(*way.forecast, now());
}

std::vector<std::string> row(const std::string& name, const std::optional<rescue::Quantiles>& seconds,
                             rescue::Basis basis, const std::string& evidence) {
  if (!seconds) return {"  " + name, "not known", "", "", std::string(basis_name(basis)), evidence};
  return {"  " + name, about(seconds->p10), about(seconds->p50), about(seconds->p90), std::string(basis_name(basis)),
          evidence};
}

std::string describe(const Way& way, const rescue::TrackRecord* record) {
  std::string text = format("{}: {}{}\n", way.name, printable(way.forecast ? way.what : "not possible: " + way.why_not),
                            way.chosen ? " (the way that is taken, if nobody names another)" : "");
  if (!way.forecast) return text;
  const rescue::Forecast& forecast = *way.forecast;
  std::vector<std::vector<std::string>> table{{"  PHASE", "P10", "P50", "P90", "LABEL", "EVIDENCE"}};
  for (const rescue::PhaseForecast& phase : forecast.phases) {
    table.push_back(row(phase.belief.task.phase, phase.seconds, phase.belief.basis, evidence_text(phase.belief)));
  }
  table.push_back(row("all", forecast.seconds, forecast.basis, forecast.why));
  text += printable_lines(format_table(table));
  if (!forecast.seconds) {
    return text + format("  how long it would take is not known; {}\n",
                         way.name == "standby" ? "no drill takes a standby over" : "`lifeboat drill run` measures it");
  }
  text += format("  hardly before {}; more likely than not within {}; longer than {} would be a surprise\n",
                 about(forecast.seconds->p10), about(forecast.seconds->p50), about(forecast.seconds->p90));
  const std::string why = why_not_public(way, record);
  return text + (why.empty() ? "" : format("  not to be promised to anybody outside: {}\n", why));
}

std::string describe(const rescue::TrackRecord* record) {
  if (record == nullptr) return "past forecasts: none was scored yet\n";
  return format(
      "past forecasts: {} of {} came out between P10 and P90{}\n", record->scored - record->below - record->above,
      record->scored,
      record->widening() == 1 ? "" : format("; intervals are {:.2f} times what drills alone tell", record->widening()));
}

/// What the plan leaves out, and what to say so that it is what a rescue would.
std::string describe_left_out(const Forecaster& forecaster) {
  const std::vector<std::string>& out = forecaster.left_out();
  std::string text = format("left out: {}\n", out.empty() ? "nothing" : lifeboat::format("{}", fmt::join(out, ", ")));
  const std::vector<std::string>& rescue = forecaster.rescue_leaves_out();
  if (!out.empty() || rescue.empty()) return text;
  return text + lifeboat::format("  a rescue would leave out what destroyed last: lifeboat forecast --danger {}\n",
                                 fmt::join(rescue, " --danger "));
}

json::object to_json(const Way& way, const rescue::TrackRecord* record) {
  json::object out{{"way", way.name}, {"what", way.what}, {"why_not", way.why_not}};
  out["possible"] = way.forecast.has_value();
  out["chosen"] = way.chosen;
  if (!way.forecast) return out;
  out["forecast"] = rescue::to_json(*way.forecast);
  const std::string why = why_not_public(way, record);
  out["public"] = why.empty();
  out["why_not_public"] = why;
  return out;
}

void run(Context& context, const Options& options) {
  Forecaster forecaster(context, options);
  json::array ways;
  const std::vector<Way> found = forecaster.ways();
  std::string text = describe_left_out(forecaster);
  for (const Way& way : found) {
    ways.push_back(to_json(way, forecaster.record()));
    text += describe(way, forecaster.record());
  }
  json::object past;
  for (const auto& [stage, record] : forecaster.book().stages) past[stage] = rescue::to_json(record);
  const std::size_t damaged = forecaster.book().damaged;
  text += "waiting for people is not in it\n" + describe(forecaster.record());
  if (damaged > 0) text += format("{} lines of the record of forecasts could not be read\n", damaged);
  if (forecaster.damaged_proofs() > 0) {
    text += format("{} proofs of drills are damaged, and count for nothing: lifeboat drill ls\n",
                   forecaster.damaged_proofs());
  }
  context.print(json::object{{"left_out", json::value_from(forecaster.left_out())},
                             {"rescue_leaves_out", json::value_from(forecaster.rescue_leaves_out())},
                             {"ways", std::move(ways)},
                             {"past", std::move(past)},
                             {"open_forecasts", forecaster.book().open},
                             {"damaged_lines", damaged},
                             {"damaged_proofs", forecaster.damaged_proofs()}},
                text);
}

}  // namespace

void add_forecast(CLI::App& app, Context& context) {
  add_command<Options>(app, context, "forecast", "How long it would take until the database is back, as drills tell",
                       "lifeboat forecast", add_options, run);
}

}  // namespace lifeboat::cli
