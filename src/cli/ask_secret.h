/// A secret from a file, or typed: never from the command line, which every process can read.
/// Errors: kUsage if there is neither file nor terminal; read_secret_file's.
#pragma once

#include <string>

#include "codec/secret.h"

namespace lifeboat::cli {

codec::Secret ask_secret(const std::string& prompt, const std::string& file);

}  // namespace lifeboat::cli
