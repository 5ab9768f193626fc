/// A reader-writer lock in which a waiting writer holds new readers back: std::shared_mutex lets a steady stream of
/// readers starve it, and a snapshot must not wait for a pause in the load. A thread must not take it twice.
#pragma once

#include <pthread.h>

#include "base/error.h"

namespace lifeboat::volume {

class FairSharedMutex {
 public:
  FairSharedMutex() {
    pthread_rwlockattr_t attributes;
    LIFEBOAT_CHECK(pthread_rwlockattr_init(&attributes) == 0);
    LIFEBOAT_CHECK(pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) == 0);
    LIFEBOAT_CHECK(pthread_rwlock_init(&lock_, &attributes) == 0);
    pthread_rwlockattr_destroy(&attributes);
  }
  ~FairSharedMutex() { pthread_rwlock_destroy(&lock_); }
  FairSharedMutex(const FairSharedMutex&) = delete;
  FairSharedMutex& operator=(const FairSharedMutex&) = delete;

  void lock() { LIFEBOAT_CHECK(pthread_rwlock_wrlock(&lock_) == 0); }
  bool try_lock() { return pthread_rwlock_trywrlock(&lock_) == 0; }
  void unlock() { LIFEBOAT_CHECK(pthread_rwlock_unlock(&lock_) == 0); }
  void lock_shared() { LIFEBOAT_CHECK(pthread_rwlock_rdlock(&lock_) == 0); }
  bool try_lock_shared() { return pthread_rwlock_tryrdlock(&lock_) == 0; }
  void unlock_shared() { LIFEBOAT_CHECK(pthread_rwlock_unlock(&lock_) == 0); }

 private:
  pthread_rwlock_t lock_{};
};

}  // namespace lifeboat::volume
