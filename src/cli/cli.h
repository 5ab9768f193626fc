/// The command line: `lifeboat <noun> <verb>`. Data on stdout, talk on stderr, exit status from the error's code.
#pragma once

namespace lifeboat::cli {

/// Parses, runs one command, prints its error if any; returns the exit status. Lets nothing escape.
int run(int argc, char** argv);

}  // namespace lifeboat::cli
