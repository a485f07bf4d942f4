#include "tamis/engine/autograd/meeting.h"

#include <omp.h>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"

namespace tamis::engine {

namespace {

/// Thrown to shards that wait for one that will not come.
struct Forsaken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace

struct Meeting::Inside {
  Inside(int count, int at_a_time) : shards(count), free_places(at_a_time), given(static_cast<std::size_t>(count)) {}

  void take_place(std::unique_lock<std::mutex>& lock) {
    place_freed.wait(lock, [this] { return free_places > 0; });
    --free_places;
  }
  void give_place() {
    ++free_places;
    place_freed.notify_one();
  }
  void break_up(std::string why) {
    if (broken.empty()) broken = std::move(why);
    all_came.notify_all();
  }
  std::vector<std::vector<Tensor>> receive();
  void run(int shard, Meeting& meeting, const std::function<void(int, Meeting*)>& body, std::exception_ptr& own,
           std::exception_ptr& forsaken);

  const int shards;
  std::mutex guard;
  std::condition_variable place_freed, all_came;
  int free_places;  ///< how many more shards may compute
  int came = 0;     ///< shards at the meeting that is gathering
  int left = 0;     ///< shards that are done
  int to_receive = 0;
  std::uint64_t meetings = 0;
  std::string broken;
  std::vector<std::vector<Tensor>> given, received;
};

std::vector<std::vector<Tensor>> Meeting::Inside::receive() {
  // The last to receive takes the tensors along, so that they do not live until the next meeting.
  if (--to_receive == 0) return std::exchange(received, {});
  return received;
}

void Meeting::Inside::run(int shard, Meeting& meeting, const std::function<void(int, Meeting*)>& body,
                          std::exception_ptr& own, std::exception_ptr& forsaken) {
  std::unique_lock lock(guard);
  take_place(lock);
  lock.unlock();
  try {
    body(shard, &meeting);
  } catch (const Forsaken&) {
    forsaken = std::current_exception();
  } catch (...) {
    own = std::current_exception();
  }
  lock.lock();
  ++left;
  give_place();
  if (own || forsaken) {
    break_up("shard " + std::to_string(shard) + " failed");
  } else if (came > 0) {
    break_up("shard " + std::to_string(shard) + " ended while others waited for it");
  }
}

Meeting::Meeting(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}

Meeting::~Meeting() = default;

int Meeting::shards() const {
  return inside_->shards;
}

std::vector<std::vector<Tensor>> Meeting::meet(int shard, std::vector<Tensor> mine) {
  Inside& in = *inside_;
  std::unique_lock lock(in.guard);
  if (in.left > 0) in.break_up("shard " + std::to_string(shard) + " came to a meeting that another did not");
  if (!in.broken.empty()) throw Forsaken("[meeting] " + in.broken);
  in.given[static_cast<std::size_t>(shard)] = std::move(mine);
  if (++in.came == in.shards) {
    in.came = 0;
    ++in.meetings;
    in.received = std::exchange(in.given, std::vector<std::vector<Tensor>>(static_cast<std::size_t>(in.shards)));
    in.to_receive = in.shards;
    in.all_came.notify_all();
    return in.receive();
  }
  const std::uint64_t before = in.meetings;
  in.give_place();
  in.all_came.wait(lock, [&] { return in.meetings != before || !in.broken.empty(); });
  in.take_place(lock);
  if (in.meetings == before) throw Forsaken("[meeting] " + in.broken);
  return in.receive();
}

void run_shards(int shards, bool meets, const std::function<void(int shard, Meeting* meeting)>& body) {
  if (shards < 1) fail_caller("shards", "there must be at least 1 shard, not " + std::to_string(shards));
  const auto count = static_cast<std::size_t>(shards);
  if (!meets) return parallel_for(count, [&](std::size_t shard) { body(static_cast<int>(shard), nullptr); });

  Meeting meeting(std::make_unique<Meeting::Inside>(shards, threads()));
  std::vector<std::exception_ptr> own(count), forsaken(count);
  const auto run = [&](int shard) {
    const auto slot = static_cast<std::size_t>(shard);
    meeting.inside_->run(shard, meeting, body, own[slot], forsaken[slot]);
  };
  int team = 0;
#pragma omp parallel num_threads(shards) default(shared)
  {
#pragma omp single
    team = omp_get_num_threads();
    if (team == shards) run(omp_get_thread_num());
  }
  if (team != shards) {
    // The runtime gives fewer threads than asked for (within a parallel region, or by its limits), and a shard without
    // a thread would be waited for without end.
    std::vector<std::thread> crew;
    for (int shard = 0; shard < shards; ++shard) {
      crew.emplace_back([&run, shard] {
        omp_set_num_threads(1);
        run(shard);
      });
    }
    for (std::thread& member : crew) member.join();
  }
  for (const auto& errors : {own, forsaken}) {
    for (const std::exception_ptr& error : errors) {
      if (error) std::rethrow_exception(error);
    }
  }
}

}  // namespace tamis::engine
