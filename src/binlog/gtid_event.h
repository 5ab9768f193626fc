/// MariaDB's Gtid event, the first of every group since 10.0.
/// Body: sequence u64, domain u32, flags u8; commit id u64 if kGroupCommit; XID (format u32, lengths u8 u8, data) if
/// kPreparedXa or kCompletedXa; then perhaps extra flags u8 (1: number of further engines u8; 4, 8: the start-alter's
/// sequence u64; 16: thread id u32); then zeros up to 19 bytes. The server id is the header's.
#pragma once

#include <optional>

#include "binlog/control_events.h"
#include "binlog/event.h"
#include "binlog/gtid.h"

namespace lifeboat::binlog {

struct GtidEvent {
  static constexpr std::uint8_t kStandalone = 0x01;  ///< no COMMIT follows: one statement
  static constexpr std::uint8_t kGroupCommit = 0x02;
  static constexpr std::uint8_t kTransactional = 0x04;
  static constexpr std::uint8_t kAllowParallel = 0x08;
  static constexpr std::uint8_t kWaited = 0x10;
  static constexpr std::uint8_t kDdl = 0x20;
  static constexpr std::uint8_t kPreparedXa = 0x40;   ///< ends with Xa_prepare
  static constexpr std::uint8_t kCompletedXa = 0x80;  ///< XA COMMIT or XA ROLLBACK

  static constexpr std::uint8_t kExtraMultiEngine = 0x01;
  static constexpr std::uint8_t kExtraStartAlter =
      0x02;  ///< phase one of an ALTER: what it changes comes at the second
  static constexpr std::uint8_t kExtraCommitAlter = 0x04;
  static constexpr std::uint8_t kExtraRollbackAlter = 0x08;
  static constexpr std::uint8_t kExtraThreadId = 0x10;  ///< 11.5 and newer

  Gtid gtid;
  std::uint8_t flags = 0;
  std::uint64_t commit_id = 0;  ///< equal for groups that committed together; 0 if not told
  std::optional<XaId> xa;
  std::uint8_t extra_flags = 0;
  std::uint8_t further_engines = 0;
  std::uint64_t start_alter_sequence = 0;  ///< with kExtraCommitAlter and kExtraRollbackAlter
  std::uint32_t thread_id = 0;             ///< with kExtraThreadId

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
  bool has_extra(std::uint8_t flag) const { return (extra_flags & flag) != 0; }
};

GtidEvent decode_gtid(const Event& event);

}  // namespace lifeboat::binlog
