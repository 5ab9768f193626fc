#include "rescue/door.h"

#include "base/error.h"
#include "base/printable.h"
#include "base/process.h"

namespace lifeboat::rescue {
namespace {

constexpr std::chrono::seconds kHaproxyPatience{15};

}  // namespace

void Door::check() const {
  if (haproxy_socket.empty() || (!backend.empty() && !servers.empty())) return;
  fail(Code::kUsage, "--haproxy-socket needs --backend and --server",
       format("See which there are: echo 'show servers state' | socat {} -", shell_word(haproxy_socket.string())));
}

std::optional<Haproxy> Door::haproxy() const {
  if (haproxy_socket.empty()) return std::nullopt;
  return Haproxy(haproxy_socket, backend);
}

void Door::take_out() const {
  const auto proxy = haproxy();
  if (!proxy) return;
  for (const std::string& name : servers) {
    proxy->set_admin(name, "maint");
    proxy->end_sessions(name);
  }
}

void Door::put_in(std::uint16_t port) const {
  const auto proxy = haproxy();
  if (!proxy) return;
  const std::string& first = servers.front();
  proxy->set_address(first, address, port);
  proxy->set_admin(first, "ready");
  proxy->wait_running(first, kHaproxyPatience);
}

json::object Door::states() const {
  json::object states;
  const auto proxy = haproxy();
  if (!proxy) return states;
  for (const std::string& name : servers) states[name] = proxy->server(name).admin;
  return states;
}

void Door::restore(const json::object& states) const {
  const auto proxy = haproxy();
  if (!proxy) return;
  for (const auto& [name, state] : states) proxy->set_admin(std::string(name), std::string(state.as_string()));
}

void Door::call_hook(const std::vector<std::string>& words, const std::string& hint) const {
  if (hook.empty()) return;
  ProcessOptions options;
  options.argv = {hook.string()};
  options.argv.insert(options.argv.end(), words.begin(), words.end());
  const ProcessResult result = run_process(options);
  if (result.exit_status == 0) return;
  fail(Code::kRefused,
       lifeboat::format("the hook {} {} ended with {}: {}", hook.string(), fmt::join(words, " "), result.exit_status,
                        printable(result.out)),
       hint);
}

}  // namespace lifeboat::rescue
