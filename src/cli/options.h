/// How a command declares its options: CLI11 behind a narrow face, so that its header, which takes longer to compile
/// than the commands themselves, is included in two files only.
///
/// Ownership: both are handles into the parser, which outlives them; the variables they are given must outlive parsing.
/// Threads: one. Errors: none here; wrong words of the user end the parse with kUsage.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace lifeboat::cli {

class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option& required();
  /// Help shows what the variable held when the option was declared.
  Option& show_default();
  Option& between(int lowest, int highest);
  Option& one_of(const std::vector<std::string>& values);
  Option& from_environment(const std::string& variable);
  /// Either this or `other`.
  Option& excludes(const Option& other);

 private:
  CLI::Option* option_;
};

/// One verb. A name without dashes is a positional argument.
class Command {
 public:
  explicit Command(CLI::App* app) : app_(app) {}

  Option add_option(const std::string& name, std::string& value, const std::string& help);
  Option add_option(const std::string& name, int& value, const std::string& help);
  Option add_option(const std::string& name, std::uint16_t& value, const std::string& help);
  /// May be given several times.
  Option add_option(const std::string& name, std::vector<std::string>& values, const std::string& help);
  Option add_flag(const std::string& name, bool& value, const std::string& help);
  /// Called when this command was asked for and its words are all understood.
  void on_run(std::function<void()> run);

 private:
  CLI::App* app_;
};

/// Adds a noun, which needs one of its verbs.
CLI::App& add_noun(CLI::App& parent, std::string_view name, std::string_view help);

/// Of the command of that name, which does something without a verb, too.
CLI::App& verbs_of(CLI::App& parent, std::string_view command);

/// Adds `lifeboat <noun> <verb>`; its help ends with `example`.
Command new_command(CLI::App& noun, std::string_view verb, std::string_view help, std::string_view example);

}  // namespace lifeboat::cli
