#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "base/format.h"

namespace lifeboat::cli {

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::show_default() {
  option_->capture_default_str();
  return *this;
}

Option& Option::between(int lowest, int highest) {
  option_->check(CLI::Range(lowest, highest));
  return *this;
}

Option& Option::one_of(const std::vector<std::string>& values) {
  option_->check(CLI::IsMember(values));
  return *this;
}

Option& Option::from_environment(const std::string& variable) {
  option_->envname(variable);
  return *this;
}

Option& Option::excludes(const Option& other) {
  option_->excludes(other.option_);
  return *this;
}

Option Command::add_option(const std::string& name, std::string& value, const std::string& help) {
  return Option(app_->add_option(name, value, help));
}

Option Command::add_option(const std::string& name, int& value, const std::string& help) {
  return Option(app_->add_option(name, value, help));
}

Option Command::add_option(const std::string& name, std::uint16_t& value, const std::string& help) {
  return Option(app_->add_option(name, value, help));
}

Option Command::add_option(const std::string& name, std::vector<std::string>& values, const std::string& help) {
  return Option(app_->add_option(name, values, help));
}

Option Command::add_flag(const std::string& name, bool& value, const std::string& help) {
  return Option(app_->add_flag(name, value, help));
}

void Command::on_run(std::function<void()> run) {
  app_->callback([app = app_, run = std::move(run)] {
    if (app->get_subcommands().empty()) run();
  });
}

CLI::App& add_noun(CLI::App& parent, std::string_view name, std::string_view help) {
  CLI::App* noun = parent.add_subcommand(std::string(name), std::string(help));
  noun->require_subcommand(1);
  return *noun;
}

CLI::App& verbs_of(CLI::App& parent, std::string_view command) {
  return *parent.get_subcommand(std::string(command));
}

Command new_command(CLI::App& noun, std::string_view verb, std::string_view help, std::string_view example) {
  CLI::App* command = noun.add_subcommand(std::string(verb), std::string(help));
  command->footer(
      format("\nExample:\n  {}\n\nOptions that every command takes (--vault, --passphrase-file, --json, …) and "
             "their variables: lifeboat --help",
             example));
  return Command(command);
}

}  // namespace lifeboat::cli
