/// For tests: a source that is driven by hand. Included by *_test.cc files only.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <optional>
#include <thread>
#include <variant>

#include "net/listener.h"
#include "relay/serving_testing.h"

namespace lifeboat::relay::testing {

/// Lets in everybody, answers statements by a script, and each dump with an error, unless the script serves it.
class ScriptedSource {
 public:
  using Answer = std::variant<TextResult, ServerError>;
  /// Nothing: by GTID. The events; none: the error.
  using Dump = std::function<std::vector<Bytes>(const std::optional<std::string>& file)>;

  explicit ScriptedSource(std::function<Answer(std::string_view sql)> answer, ServerError dump_error, Dump dump = {})
      : answer_(std::move(answer)),
        dump_error_(std::move(dump_error)),
        dump_(std::move(dump)),
        acceptor_([this] { accept_all(); }) {}
  ~ScriptedSource() {
    cancel_.cancel();
    acceptor_.join();
    connections_.clear();
  }
  ScriptedSource(const ScriptedSource&) = delete;
  ScriptedSource& operator=(const ScriptedSource&) = delete;

  std::uint16_t port() const { return listener_.port(); }
  int connections() const { return count_; }

 private:
  void accept_all() {
    while (!cancel_.cancelled()) {
      try {
        connections_.emplace_back(
            [this, stream = listener_.accept({.read = std::chrono::seconds(20), .write = std::chrono::seconds(20)},
                                             cancel_)]() mutable {
              try {
                converse(stream);
              } catch (const Exception&) {  // it left
              }
            });
        ++count_;
      } catch (const Exception&) {
        return;
      }
    }
  }
  void converse(net::Stream& stream) {
    PacketChannel channel(stream);
    channel.write(encode_greeting(kVersion, 1, Scramble{}, false));
    channel.read();
    channel.write(encode_ok());
    bool by_gtid = false;
    bool semi_sync = false;
    for (;;) {
      channel.start_command();
      const ByteView command = channel.read();
      const auto what = static_cast<Command>(command[0]);
      const std::string rest(as_text(command.subspan(1)));
      if (what == Command::kQuit) return;
      by_gtid = by_gtid || rest.starts_with("SET @slave_connect_state");
      semi_sync = semi_sync || rest.starts_with("SET @rpl_semi_sync_slave");
      if (what == Command::kBinlogDump)
        return dump(channel, by_gtid ? std::nullopt : std::optional(rest.substr(10)), semi_sync);
      if (what != Command::kQuery || rest.starts_with("SET ")) {
        channel.write(encode_ok());
        continue;
      }
      const Answer answer = answer_(rest);
      if (const auto* const error = std::get_if<ServerError>(&answer)) {
        channel.write(encode_error(*error));
      } else {
        write_result(channel, std::get<TextResult>(answer));
      }
    }
  }

  void dump(PacketChannel& channel, const std::optional<std::string>& file, bool semi_sync) {
    const std::vector<Bytes> events = dump_ ? dump_(file) : std::vector<Bytes>();
    if (events.empty()) return channel.write(encode_error(dump_error_));
    for (const Bytes& event : events) {
      Bytes packet = semi_sync ? Bytes{0, 0xef, 0} : Bytes{0};
      packet.insert(packet.end(), event.begin(), event.end());
      channel.write(packet);
    }
    for (;;) channel.read();  // until it leaves
  }

  std::function<Answer(std::string_view sql)> answer_;
  ServerError dump_error_;
  Dump dump_;
  net::Cancel cancel_;
  net::Listener listener_{{.host = "127.0.0.1", .port = 0}};
  std::atomic<int> count_ = 0;
  std::list<std::jthread> connections_;
  std::thread acceptor_;
};

inline ServerError refused_with(std::uint16_t number) {
  return {.number = number, .state = "HY000", .message = "no"};
}

}  // namespace lifeboat::relay::testing
