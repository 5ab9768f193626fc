/// Stopping in order: a signal asks, long work looks and throws kCancelled, and what it holds (sessions, temporary
/// files) goes as after any other error. Threads: all but the first function from any.
#pragma once

#include <atomic>

namespace lifeboat {

/// From here on the first SIGINT, SIGTERM or SIGHUP only asks for a stop; the second ends the process as if nobody had
/// caught it. For commands whose loops look; once, before they start threads. What is ignored (nohup) stays ignored.
void stop_on_signals();

/// Whether a stop was asked for; what the functions below look at.
const std::atomic<bool>& stop_requested();
/// Throws kCancelled if a stop was asked for. Costs next to nothing.
void throw_if_cancelled();

}  // namespace lifeboat
