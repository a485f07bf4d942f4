#include <fmt/format.h>

#include <algorithm>

#include "tamis/base/parallel.h"
#include "tamis/evidence/simulate/topics.h"
#include "tamis/evidence/simulate/world.h"

namespace tamis::simulate {

namespace {

/// What a list of the logging policy is made of: nobody's candidate, with chance enough that every item is shown.
class LoggingPolicy {
 public:
  LoggingPolicy(std::uint64_t seed, std::size_t length, std::vector<std::vector<data::Index>> by_category,
                std::vector<std::size_t> category)
      : seed_(seed), length_(length), by_category_(std::move(by_category)), category_(std::move(category)) {
    shown_.assign(category_.size(), 0);
    clicked_.assign(category_.size(), 0);
    learn();
  }

  void count(const Outcome& outcome) {
    shown_[outcome.item] += 1;
    if (outcome.seconds >= 0) clicked_[outcome.item] += 1;
  }

  /// Overnight: items are drawn in proportion to the square of their smoothed click rate so far.
  void learn() {
    cumulative_.resize(category_.size());
    double sum = 0;
    for (std::size_t i = 0; i < category_.size(); ++i) {
      const double rate = (clicked_[i] + 2) / (shown_[i] + 40);
      sum += rate * rate;
      cumulative_[i] = sum;
    }
  }

  std::vector<data::Index> list(const data::Request& request) const {
    Stream draw(seed_, "logging policy", (std::uint64_t{request.user} << 24) | request.id);
    std::vector<data::Index> items;
    while (items.size() < std::min(length_, category_.size())) {
      const double kind = draw.uniform();
      data::Index item = 0;
      if (kind < 0.3) {
        const auto found =
            std::lower_bound(cumulative_.begin(), cumulative_.end(), draw.uniform() * cumulative_.back());
        item = static_cast<data::Index>(
            std::min<std::ptrdiff_t>(found - cumulative_.begin(), static_cast<std::ptrdiff_t>(category_.size()) - 1));
      } else if (kind < 0.6 && !request.history.empty()) {
        const auto back = draw.below(std::min<std::size_t>(5, request.history.size()));
        const auto& shelf = by_category_[category_[request.history[request.history.size() - 1 - back].item]];
        item = shelf[draw.below(shelf.size())];
      } else {
        item = static_cast<data::Index>(draw.below(category_.size()));
      }
      if (std::find(items.begin(), items.end(), item) == items.end()) items.push_back(item);
    }
    return items;
  }

 private:
  std::uint64_t seed_;
  std::size_t length_;
  std::vector<std::vector<data::Index>> by_category_;
  std::vector<std::size_t> category_;
  std::vector<double> shown_, clicked_, cumulative_;
};

std::string write_text(std::uint64_t seed, std::size_t item, std::size_t aspect, std::size_t side_aspect) {
  Stream draw(seed, "world text", item);
  const std::size_t count = 12 + draw.below(9);
  std::string text;
  for (std::size_t w = 0; w < count; ++w) {
    const double kind = draw.uniform();
    const std::size_t subject = kind < 0.40 ? aspect : side_aspect;
    const Topic& topic = topics()[subject / kAspects];
    std::string_view word;
    if (kind < 0.52) {
      word = topic.aspects[subject % kAspects][draw.below(4)];
    } else if (kind < 0.62) {
      word = topics()[aspect / kAspects].aspects[draw.below(kAspects)][draw.below(4)];
    } else if (kind < 0.70) {
      word = topics()[draw.below(topics().size())].aspects[draw.below(kAspects)][draw.below(4)];
    } else {
      word = filler_words()[draw.below(filler_words().size())];
    }
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

/// One user's day as rows: an impression for each item shown, a click for each clicked; each list a request of its own.
void append_rows(data::Index user, const std::vector<Outcome>& outcomes, data::EventLog& log) {
  std::uint64_t last = ~std::uint64_t{0};
  for (const Outcome& o : outcomes) {
    if (o.request != last) {
      last = o.request;
      log.requests.add(fmt::format("r{}", log.requests.size()));
    }
    data::Row row;
    row.user = user;
    row.item = o.item;
    row.event = data::Event::impression;
    row.position = static_cast<std::uint16_t>(o.rank);
    row.request = static_cast<data::Index>(log.requests.size() - 1);
    row.event_time = o.time - (o.seconds >= 0 ? static_cast<data::Time>(o.rank) * data::kSecond : 0);
    row.known_time = row.event_time;
    log.append(row);
    if (o.seconds < 0) continue;
    row.event = data::Event::click;
    row.value = static_cast<float>(o.seconds);
    row.event_time = row.known_time = o.time;
    log.append(row);
  }
}

}  // namespace

data::Dataset World::make_log(Progress& progress) {
  data::Dataset made;
  std::vector<std::vector<data::Index>> by_category(topics().size());
  std::vector<std::size_t> category(items_.size());
  for (std::size_t i = 0; i < items_.size(); ++i) {
    made.items.ids.add(fmt::format("i{}", i));
    made.items.text.push_back(write_text(spec_.seed, i, items_[i].aspect, items_[i].side_aspect));
    category[i] = items_[i].aspect / kAspects;
    made.items.category.emplace_back(topics()[category[i]].name);
    by_category[category[i]].push_back(static_cast<data::Index>(i));
  }
  made.items.catalogued = items_.size();
  for (data::Index u = 0; u < users(); ++u) made.log.users.add(name(u));

  LoggingPolicy policy(spec_.seed, static_cast<std::size_t>(spec_.length), std::move(by_category), std::move(category));
  const Setting setting{spec_.seed, spec_.requests, static_cast<std::size_t>(spec_.length), {}};
  std::vector<std::vector<Outcome>> outcomes(users());
  progress.begin("logging", static_cast<std::uint64_t>(spec_.days));
  for (int day = 0; day < spec_.days; ++day) {
    parallel_for(
        users(),
        [&](std::size_t u) {
          std::vector<data::Index> items;
          outcomes[u].clear();
          UserState& state = states_[u];
          serve_day(
              *this, setting, static_cast<data::Index>(u), day, state,
              [&](const data::Request& request) {
                items = policy.list(request);
                return std::span<const data::Index>(items);
              },
              [&](const Outcome& outcome) { outcomes[u].push_back(outcome); });
          state.shown.clear();  // the logging policy may show an item again
        },
        0);
    for (data::Index u = 0; u < users(); ++u) {
      append_rows(u, outcomes[u], made.log);
      for (const Outcome& outcome : outcomes[u]) policy.count(outcome);
    }
    policy.learn();
    progress.advance();
  }
  progress.end();
  made.log.sort_by_time();
  return made;
}

}  // namespace tamis::simulate
