// `lifeboat forecast`: how long it would take until the database is back, by what drills have measured, before anything
// has happened.

#include "rescue/forecast.h"

#include <cmath>

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
  bool chosen = false;  ///< a rescue goes by it if nobody says otherwise
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

  std::vector<Way> ways() {
    std::vector<Way> ways;
    if (options_.image.empty()) ways.push_back(look_at("standby"));
    ways.push_back(look_at("image"));
    choose(ways);
    return ways;
  }

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

  Way look_at(const std::string& name) {
    Way way{.name = name, .what = {}, .why_not = {}, .forecast = {}};
    try {
      const rescue::RescuePicture picture = plan(name);
      way.what = picture.ways.front().what;
      std::vector<rescue::PhaseTask> tasks = tasks_of(picture, log_);
      tasks.insert(tasks.begin(), {.phase = "plan", .work = 1, .unit = "images", .load = {}, .host = {}});
      for (rescue::PhaseTask& task : tasks) {
        task.load = options_.load;
        task.host = host_name();
      }
      way.forecast = rescue::forecast(tasks, drilled_.samples, book_.widening(rescue::kBeforeStage));
    } catch (const Exception& e) {
      if (e.code() != Code::kNotFound) throw;
      way.why_not = e.error().message;
    }
    return way;
  }

  void choose(std::vector<Way>& ways) {
    const auto possible = [](const Way& way) { return way.forecast.has_value(); };
    if (std::ranges::none_of(ways, possible)) return;
    const std::string chosen = plan({}).record.standby.empty() ? "image" : "standby";
    for (Way& way : ways) way.chosen = way.name == chosen;
  }

  const Options& options_;
  Path state_root_;
  std::unique_ptr<vault::Vault> vault_;
  Path relay_;
  rescue::RescueLog log_;
  rescue::DrillSamples drilled_;
  rescue::ForecastBook book_;
  std::vector<rescue::FoundStandby> standbys_;
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
                            way.chosen ? " (what a rescue would do)" : "");
  if (!way.forecast) return text;
  const rescue::Forecast& forecast = *way.forecast;
  std::vector<std::vector<std::string>> table{{"  PHASE", "P10", "P50", "P90", "LABEL", "EVIDENCE"}};
  for (const rescue::PhaseForecast& phase : forecast.phases) {
    table.push_back(row(phase.belief.task.phase, phase.seconds, phase.belief.basis, evidence_text(phase.belief)));
  }
  table.push_back(row("all", forecast.seconds, forecast.basis, forecast.why));
  text += printable_lines(format_table(table));
  if (!forecast.seconds) {
    return text + "  how long it would take is not known; `lifeboat drill run` measures it\n";
  }
  text += format("  not before {}; more likely than not within {}; longer than {} would be a surprise\n",
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
  std::string text;
  for (const Way& way : forecaster.ways()) {
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
  context.print(json::object{{"ways", std::move(ways)},
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
