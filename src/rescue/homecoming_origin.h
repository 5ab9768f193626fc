/// What production leaves when it comes home (homecoming.h): a branch of this host, or a server anywhere that lets an
/// account in.
///
/// Ownership: as each says. Threads: one at a time. Errors: those of what they stand on.
#pragma once

#include <string>
#include <vector>

#include "relay/source_connection.h"
#include "rescue/rescue_run.h"
#include "rescue/standby_server.h"

namespace lifeboat::rescue {

class Origin {
 public:
  Origin() = default;
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;
  virtual ~Origin() = default;

  /// It runs, and answers.
  virtual void ensure() = 0;
  struct Image {
    std::string name;
    binlog::GtidPosition gtid;
  };
  /// Of it, and of its history up to there.
  virtual Image image() = 0;
  /// By which it may be replicated from, from now on.
  virtual RelayLogin replication_login() = 0;
  /// All that its binary log has; of several servers, all that any of them has.
  virtual binlog::GtidPosition position() = 0;
  /// Returns when nobody writes there any more.
  virtual void fence() = 0;
  /// It takes writes again.
  virtual void give_back() = 0;
  /// Where the application reaches it.
  virtual net::Endpoint address() const = 0;
  /// "host:port" of others whose place is taken, too.
  virtual std::vector<std::string> others() const { return {}; }
};

/// Borrows record, run and means.
class BranchOrigin : public Origin {
 public:
  BranchOrigin(const RescueRecord& record, RescueRun& run, const RescueMeans& means)
      : record_(record), run_(run), means_(means) {}

  void ensure() override;
  Image image() override;
  /// An account for this alone, which is in no log and no image.
  RelayLogin replication_login() override;
  binlog::GtidPosition position() override;
  /// Not even who may write in spite of read_only, as long as this lives.
  void fence() override;
  void give_back() override;
  net::Endpoint address() const override;

 private:
  const RescueRecord& record_;
  RescueRun& run_;
  const RescueMeans& means_;
};

/// A server that is well; `logins`: the first is left, the others are fenced with it (a ring). Borrows means.
class LivingOrigin : public Origin {
 public:
  LivingOrigin(std::vector<relay::SourceLogin> logins, const RescueMeans& means)
      : logins_(std::move(logins)), means_(means) {}

  void ensure() override;
  /// The newest in the vault that is of it: a standby's, or a seed's.
  Image image() override;
  RelayLogin replication_login() override;
  binlog::GtidPosition position() override;
  void fence() override;
  void give_back() override;
  net::Endpoint address() const override { return logins_.front().address.endpoint; }
  std::vector<std::string> others() const override;

 private:
  std::vector<relay::SourceLogin> logins_;
  const RescueMeans& means_;
};

}  // namespace lifeboat::rescue
