#include "tamis/sift/plan_data.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/sift/plan_keys.h"

namespace tamis::sift {

namespace {

void read_world(ConfigFile& file, std::uint64_t seed, simulate::WorldSpec& world) {
  const Section section = file.section("world", world_keys());
  const auto integer = [&](std::string_view key, std::int64_t low, std::int64_t high) {
    return static_cast<int>(section.integer_in(key, low, high));
  };
  world.seed = seed;
  world.items = integer("items", 50, 1'000'000);
  world.users = integer("users", 50, 5'000'000);
  world.days = integer("days", 2, 1000);
  world.requests = integer("requests", 1, 10);
  world.length = integer("length", 2, 50);
  world.topic_pull = section.real_in("topic_pull", 0, 10);
  world.style_pull = section.real_in("style_pull", 0, 10);
  world.merit_pull = section.real_in("merit_pull", 0, 10);
  world.base = section.real_in("base", -10, 10);
  world.equal = section.boolean("equal");
}

void read_columns(const Section& section, data::TableColumns& columns) {
  columns.user = section.text("user");
  columns.item = section.text("item");
  columns.event = section.text("event");
  columns.value = section.text("value");
  columns.position = section.text("position");
  columns.request = section.text("request");
  columns.event_time = section.text("event_time");
  columns.known_time = section.text("known_time");
}

void read_root(const Section& section, const std::optional<std::filesystem::path>& folder, Plan& plan) {
  plan.source = Plan::Source::snapshot;
  const std::string root = folder ? folder->string() : section.text("folder");
  plan.root = folder || root.starts_with("s3://") ? root : (plan.path.parent_path() / root).string();
  if (section.has("from") != section.has("to"))
    section.fail(section.has("from") ? "from" : "to", "from and to name a range of days together");
  if (section.has("from")) plan.root_days = timemachine::parse_range(section.text("from"), section.text("to"));
}

}  // namespace

void read_plan_data(ConfigFile& file, const std::optional<std::filesystem::path>& folder, std::uint64_t seed,
                    Plan& plan) {
  const Section section = file.section("data", data_keys());
  const std::string kind = section.text("kind");
  plan.judge_share = section.real_in("judge_share", 0.1, 0.9);
  plan.click_prior = section.real_in("click_prior", 0.001, 0.5);
  if (kind == "world") {
    if (folder)
      fail_caller(plan.path.string(), "--data was given, but the plan generates its world: [data] kind = \"world\"");
    plan.source = Plan::Source::world;
    read_world(file, seed, plan.world);
    return;
  }
  if (kind == "snapshot") return read_root(section, folder, plan);
  if (kind != "movielens" && kind != "table")
    section.fail("kind", fmt::format("data kind \"{}\" does not exist: world, movielens, table or snapshot", kind));
  plan.folder = folder ? *folder : plan.path.parent_path() / section.text("folder");
  plan.source = kind == "table" ? Plan::Source::table : Plan::Source::movielens;
  if (kind == "movielens") return;
  plan.log = plan.folder / section.text("log");
  if (section.has("items")) plan.items = plan.folder / section.text("items");
  read_columns(section, plan.columns);
}

}  // namespace tamis::sift
