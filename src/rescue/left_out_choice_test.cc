#include "rescue/left_out_choice.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lifeboat::rescue {
namespace {

/// Of a log in which one second lies between two transactions, unless told otherwise.
class LeftOutChoice : public testing::Test {
 protected:
  FoundDanger& happened(const std::string& danger_class, const std::string& statement, std::uint32_t thread,
                        std::chrono::seconds later = std::chrono::seconds(1)) {
    time_ += later;
    ++number_;
    dangers_.insert(dangers_.begin(),
                    FoundDanger{.gtid = {.domain = 0, .server = 1, .sequence = number_},
                                .time = time_,
                                .place = {.file = 1, .begin = number_ * 100, .end = number_ * 100 + 100},
                                .danger_class = danger_class,
                                .objects = {"app.visits"},
                                .statement = statement,
                                .thread = thread});
    return dangers_.front();
  }
  void tidied_up(int times, std::uint32_t thread = 9) {
    for (int i = 0; i < times; ++i) {
      happened("delete_range", format("DELETE FROM visits WHERE expires < {} AND kind = 'k{}'", 40 + i, i), thread,
               std::chrono::minutes(15));
    }
  }
  std::vector<std::uint64_t> chosen() const {
    std::vector<std::uint64_t> numbers;
    for (const FoundDanger& each : choose_left_out(dangers_)) numbers.push_back(each.gtid.sequence);
    return numbers;
  }

 private:
  SystemTime time_{std::chrono::hours(1000)};
  std::uint64_t number_ = 0;
  std::vector<FoundDanger> dangers_;
};

using Numbers = std::vector<std::uint64_t>;

TEST_F(LeftOutChoice, IsNothingWhereNothingDestroys) {
  EXPECT_EQ(chosen(), Numbers());
}

TEST_F(LeftOutChoice, IsTheNewestAndWhatItsSessionDidBefore) {
  happened("drop_table", "DROP TABLE a", 7);
  happened("drop_table", "DROP TABLE b", 8);
  happened("drop_table", "DROP TABLE c", 7);
  happened("drop_table", "DROP TABLE d", 7, std::chrono::minutes(59));
  EXPECT_EQ(chosen(), (Numbers{4, 3, 1}));
}

TEST_F(LeftOutChoice, IsWhatTheGuardHoldsWhateverCameLater) {
  happened("drop_table", "DROP TABLE a", 7).guard = "held";
  happened("drop_table", "DROP TABLE b", 7);
  EXPECT_EQ(chosen(), Numbers{1});
}

TEST_F(LeftOutChoice, PassesOverWhatIsDoneEverySoOften) {
  tidied_up(2);
  happened("drop_table", "DROP TABLE orders", 7);
  tidied_up(12);
  EXPECT_EQ(chosen(), Numbers{3});
}

TEST_F(LeftOutChoice, PassesOverHabitsOfTheSameSession) {
  tidied_up(12, 7);
  happened("drop_table", "DROP TABLE orders", 7);
  EXPECT_EQ(chosen(), Numbers{13});
}

TEST_F(LeftOutChoice, TellsAnotherConditionFromTheHabit) {
  tidied_up(3);
  happened("delete_range", "DELETE FROM visits WHERE id > 0", 7, std::chrono::minutes(15));
  tidied_up(3);
  EXPECT_EQ(chosen(), Numbers{4});
}

TEST_F(LeftOutChoice, TakesALoopForOneMistake) {
  for (int i = 0; i < 100; ++i) happened("mass_delete", "DELETE FROM visits LIMIT 1000", 7);
  tidied_up(12);
  EXPECT_EQ(chosen().size(), 100U);
}

TEST_F(LeftOutChoice, IsTheNewestWhereAllAreHabits) {
  tidied_up(12);
  EXPECT_EQ(chosen(), Numbers{12});
}

}  // namespace
}  // namespace lifeboat::rescue
