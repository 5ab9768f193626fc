/// What the commands on a relay's directory share: which sources and incarnations it holds.
#pragma once

#include <functional>
#include <string>

#include "cli/command.h"
#include "relay/log_index.h"

namespace lifeboat::cli {

struct LogOptions {
  std::string directory;
  std::string source;       ///< HOST:PORT, or the name of its directory; empty: all
  std::string incarnation;  ///< "000001"; empty: all, or the newest where one is needed
};

/// `about_directory` instead of the usual words makes --dir optional.
void add_log_options(Command& command, LogOptions& options, const std::string& about_directory = {});

/// "db1.example:3306" or a URL as the name of its directory.
std::string name_of_source(const std::string& text);

/// Calls `visit` for every incarnation asked for, oldest first. kNotFound if there is none.
void each_incarnation(const LogOptions& options,
                      const std::function<void(const std::string& source, const Path& incarnation)>& visit);

/// The incarnation asked for, else the newest. kUsage if several sources are kept and none is named.
Path one_incarnation(const LogOptions& options);

/// "class", "severity", "objects", "row_counts", "statement", "user", "thread" …: what a group destroys and how.
json::object danger_to_json(const binlog::GroupDanger& danger);

}  // namespace lifeboat::cli
