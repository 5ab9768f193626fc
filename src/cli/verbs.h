/// Where the verbs of a command are added that does something without a verb, too.
#pragma once

#include <string_view>

namespace CLI {
class App;
}  // namespace CLI

namespace lifeboat::cli {

/// Of the command of that name, which was added to `parent`.
CLI::App& verbs_of(CLI::App& parent, std::string_view command);

}  // namespace lifeboat::cli
