#include "relay/server_greeting.h"

#include "base/error.h"
#include "relay/packet.h"

namespace lifeboat::relay {
namespace {

constexpr std::uint8_t kProtocol = 10;
constexpr std::size_t kScrambleHead = 8;
constexpr std::size_t kScrambleTail = 12;
constexpr std::size_t kReserved = 10;

}  // namespace

ServerGreeting decode_greeting(ByteView payload) {
  Decoder in(payload, "a server's greeting");
  if (in.u8() != kProtocol) in.bad("not protocol 10");
  ServerGreeting greeting;
  greeting.version = get_nul_text(in, 255);
  greeting.thread_id = in.u32();
  const ByteView head = in.raw(kScrambleHead);
  greeting.scramble.assign(head.begin(), head.end());
  in.u8();
  greeting.abilities = in.u16();
  in.u8();   // charset
  in.u16();  // status
  greeting.abilities |= static_cast<std::uint32_t>(in.u16()) << 16U;
  if ((greeting.abilities & ability::kProtocol41) == 0 || (greeting.abilities & ability::kSecureConnection) == 0) {
    fail(Code::kUnsupported, "the server speaks a protocol from before 4.1");
  }
  in.u8();  // length of the scramble
  in.raw(kReserved);
  const ByteView tail = in.raw(kScrambleTail);
  greeting.scramble.insert(greeting.scramble.end(), tail.begin(), tail.end());
  if (in.left() > 0) in.u8();  // the scramble's NUL
  if ((greeting.abilities & ability::kPluginAuth) != 0) {
    while (in.left() > 0) {
      const std::uint8_t c = in.u8();
      if (c == 0) break;
      greeting.plugin.push_back(static_cast<char>(c));
    }
  }
  return greeting;
}

}  // namespace lifeboat::relay
