/// The directory, outside the volume, of what a branch's server needs beside its data: plugins it may load, temporary
/// files, replication state it is to see instead of the image's.
#pragma once

#include "base/file.h"
#include "server/server_binary.h"
#include "server/server_info.h"

namespace lifeboat::server {

struct PrivateDirectory {
  Path path;
  Path plugins() const { return path / "plugins"; }
  Path temporary() const { return path / "tmp"; }
  Path exchange() const { return path / "files"; }  ///< the only place for LOAD DATA and INTO OUTFILE
  Path replication() const { return path / "replication"; }
  Path keys() const { return path / "keys"; }
};

/// Whether a branch may load this plugin library: accounts, compression, local storage engines and keys yes; what
/// connects to other hosts, listens, or writes logs no.
bool plugin_allowed(std::string_view library);

/// Makes the directories, and links the allowed plugins of `binary` into plugins(). May be repeated.
void prepare_private_directory(const PrivateDirectory& directory, const ServerBinary& binary);

/// Makes the index of the binary logs name only files beside it. An index written with absolute paths would lead the
/// branch to the production server's logs: to be read in recovery, and purged.
void confine_binlog_index(const Path& data_directory, const std::string& binlog_base);

}  // namespace lifeboat::server
