#include "tamis/engine/train/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tamis/base/error.h"
#include "tamis/base/number.h"
#include "tamis/base/random.h"
#include "tamis/engine/train/dataset_files.h"

namespace tamis::train {

using engine::Shape;

namespace {

using enum Key::Type;

constexpr Key kData[] = {
    {"kind", text, "", "idx (images as MNIST keeps them), table (CSV, TSV, Parquet) or random (made up from the seed)"},
    {"folder", text, "\".\"", "where the files are, relative to this file; --data replaces it"},
    {"images", text, "-", "idx: file of the images, .gz too"},
    {"labels", text, "-", "idx: file of the labels"},
    {"test_images", text, "-", "idx: file of the test images; when absent, `test` is a range of `images`"},
    {"test_labels", text, "-", "idx: file of their labels"},
    {"table", text, "-", "table: the file; every column but the label is a feature"},
    {"test_table", text, "-", "table: file of the test rows; when absent, `test` is a range of `table`"},
    {"format", text, "-", "table: csv, tsv or parquet, where the file's name does not say"},
    {"header", boolean, "true", "table: the first row names the columns"},
    {"label", text, "-",
     "table: name (number from 1 where there is no header) of the label's column; the last when absent"},
    {"shape", text, "-", "table, random: shape of one example, as \"8x8x1\"; a vector when absent"},
    {"classes", integer, "", "labels are 0 to classes - 1"},
    {"train", text, "-", "rows to train on, as \"0:8000\", the end not included; all when absent"},
    {"validation", text, "-", "rows of the same file held out to choose by; none when absent"},
    {"test", text, "-", "rows to measure at the end; all of the test file when absent, none without one"},
    {"normalize", text, "\"standard\"",
     "standard (mean and deviation of all training values), feature (of each feature), range (onto 0 to 1) or none"},
    {"mean", real, "0", "with `deviation`: given statistics instead of the training rows'"},
    {"deviation", real, "-", "above 0"},
    {"examples", integer, "1024", "random: how many"},
};

/// "8x8x1" as a shape.
Shape parse_shape(const std::string& written, const std::string& where) {
  std::vector<std::int64_t> sizes;
  for (std::size_t at = 0; at <= written.size();) {
    const std::size_t end = std::min(written.find('x', at), written.size());
    std::int64_t size = 0;
    if (!parse_integer(written.substr(at, end - at), size) || size < 1 || sizes.size() == 3) {
      fail_caller(where, fmt::format("\"{}\" is no shape such as \"8x8x1\" or \"64\"", written));
    }
    sizes.push_back(size);
    at = end + 1;
  }
  return Shape(std::span<const std::int64_t>(sizes));
}

struct Rows {
  std::int64_t begin = 0, end = 0;
};

/// "0:8000" within so many rows; `all` or nothing where it is not written.
Rows parse_rows(const std::string& written, std::int64_t rows, bool all, const DataConfig& config, const char* key) {
  if (written.empty()) return {0, all ? rows : 0};
  const std::size_t colon = written.find(':');
  Rows range;
  if (colon == std::string::npos || !parse_integer(written.substr(0, colon), range.begin) ||
      !parse_integer(written.substr(colon + 1), range.end) || range.begin < 0 || range.begin >= range.end) {
    fail_caller(config.where, fmt::format("{} = \"{}\" is no range of rows such as \"0:8000\"", key, written));
  }
  if (range.end > rows) {
    fail_caller(config.where, fmt::format("{} = \"{}\" goes beyond the {} rows of the file", key, written, rows));
  }
  return range;
}

LabelledRows cut(const LabelledRows& all, Rows range) {
  LabelledRows part;
  part.name = all.name;
  part.first = all.first + range.begin;
  if (range.begin == range.end) return part;
  part.x = all.x.slice(0, range.begin, range.end);
  part.labels.assign(all.labels.begin() + range.begin, all.labels.begin() + range.end);
  return part;
}

/// Labels in turn, and images of noise around a pattern of the label's own.
LabelledRows random_rows(const DataConfig& config, std::uint64_t seed) {
  const Shape row = parse_shape(config.shape.empty() ? "16" : config.shape, config.where);
  LabelledRows rows;
  rows.name = "random examples";
  rows.x = Tensor(Shape({config.examples, row.elements()}));
  const auto size = static_cast<std::size_t>(row.elements());
  for (std::int64_t i = 0; i < config.examples; ++i) {
    const std::int64_t label = i % config.classes;
    Stream pattern(seed, "data.pattern", static_cast<std::uint64_t>(label));
    Stream noise(seed, "data.noise", static_cast<std::uint64_t>(i));
    float* values = rows.x.data<float>() + static_cast<std::size_t>(i) * size;
    for (std::size_t j = 0; j < size; ++j) values[j] = static_cast<float>(pattern.normal() + noise.normal());
    rows.labels.push_back(static_cast<std::int32_t>(label));
  }
  return rows;
}

LabelledRows read_rows(const DataConfig& config, bool test, std::uint64_t seed, std::vector<InputFile>& inputs) {
  if (config.kind == "random") return random_rows(config, seed);
  if (config.kind == "idx") {
    return read_idx(config.folder / (test ? config.test_images : config.images),
                    config.folder / (test ? config.test_labels : config.labels), inputs);
  }
  return read_labelled_table(config.folder / (test ? config.test_table : config.table), config, inputs);
}

/// From the training rows' finite values: one pair of numbers, or one a feature.
void take_statistics(const DataConfig& config, Dataset& data) {
  const auto values = std::as_const(data.train.x).span<float>();
  const std::size_t groups =
      config.normalize == "feature" ? static_cast<std::size_t>(data.train.x.elements() / data.train.rows()) : 1;
  std::vector<double> count(groups), squares(groups);
  data.mean.assign(groups, 0);
  data.deviation.assign(groups, 1);
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    low = std::min<double>(low, values[i]);
    high = std::max<double>(high, values[i]);
    count[i % groups] += 1;
    data.mean[i % groups] += values[i];
  }
  if (config.normalize == "range") {
    if (low < high) {
      data.mean[0] = low;
      data.deviation[0] = high - low;
    }
    return;
  }
  for (std::size_t g = 0; g < groups; ++g) data.mean[g] /= std::max(1.0, count[g]);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double off = values[i] - data.mean[i % groups];
    if (std::isfinite(off)) squares[i % groups] += off * off;
  }
  for (std::size_t g = 0; g < groups; ++g) {
    const double variance = squares[g] / std::max(1.0, count[g]);
    // What never changes would otherwise be divided by its rounding errors.
    if (variance > 1e-12 * (1 + data.mean[g] * data.mean[g])) data.deviation[g] = std::sqrt(variance);
  }
}

void normalize(LabelledRows& rows, const Dataset& data) {
  if (rows.rows() == 0) return;
  rows.x = rows.x.packed();
  auto values = rows.x.span<float>();
  const std::size_t groups = data.mean.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>((values[i] - data.mean[i % groups]) / data.deviation[i % groups]);
  }
}

void require_sound(const LabelledRows& rows, std::int64_t classes) {
  for (std::size_t i = 0; i < rows.labels.size(); ++i) {
    const std::int64_t label = rows.labels[i];
    if (label >= 0 && label < classes) continue;
    fail_caller(rows.name, fmt::format("row {} (from 0): the label {} is outside the classes 0 to {}",
                                       rows.first + static_cast<std::int64_t>(i), label, classes - 1));
  }
  if (rows.rows() == 0) return;
  const auto values = rows.x.span<float>();
  const auto features = values.size() / rows.labels.size();
  const auto bad = std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  if (bad == values.end()) return;
  const auto at = static_cast<std::size_t>(bad - values.begin());
  fail_caller(rows.name, fmt::format("row {} (from 0): feature {} is {}; finite numbers are needed",
                                     rows.first + static_cast<std::int64_t>(at / features), at % features, *bad));
}

void require_files(const DataConfig& config, const Section& section) {
  const auto require = [&](const char* key) {
    if (section.text(key).empty()) section.fail(key, fmt::format("kind = \"{}\" needs \"{}\"", config.kind, key));
  };
  if (config.kind == "idx") {
    require("images");
    require("labels");
    if (!config.test_images.empty()) require("test_labels");
  } else if (config.kind == "table") {
    require("table");
  } else if (config.kind != "random") {
    section.fail("kind", fmt::format("\"{}\" is no kind of data; the kinds are: idx, table, random", config.kind));
  }
  if (config.normalize != "standard" && config.normalize != "feature" && config.normalize != "range" &&
      config.normalize != "none") {
    section.fail("normalize", "normalize is standard, feature, range or none");
  }
}

}  // namespace

std::span<const Key> data_keys() {
  return kData;
}

DataConfig read_data(ConfigFile& file, const std::filesystem::path& data_folder) {
  const Section section = file.section("data", kData);
  DataConfig config;
  config.where = section.where();
  config.kind = section.text("kind");
  config.folder = data_folder.empty() ? file.path().parent_path() / section.text("folder") : data_folder;
  for (const auto& [key, to] : {std::pair{"images", &config.images},
                                {"labels", &config.labels},
                                {"test_images", &config.test_images},
                                {"test_labels", &config.test_labels},
                                {"table", &config.table},
                                {"test_table", &config.test_table},
                                {"format", &config.format},
                                {"label", &config.label},
                                {"shape", &config.shape},
                                {"train", &config.train},
                                {"validation", &config.validation},
                                {"test", &config.test},
                                {"normalize", &config.normalize}}) {
    *to = section.text(key);
  }
  config.header = section.boolean("header");
  config.classes = section.integer_in("classes", 2, 1 << 20);
  config.examples = section.integer_in("examples", 1, 1 << 24);
  config.mean = section.real("mean");
  if (section.has("deviation")) config.deviation = section.real_in("deviation", 1e-30, 1e30);
  require_files(config, section);
  return config;
}

Dataset read_dataset(const DataConfig& config, std::uint64_t seed) {
  Dataset data;
  data.classes = config.classes;
  const bool test_file = !config.test_images.empty() || !config.test_table.empty();
  LabelledRows all = read_rows(config, false, seed, data.inputs);
  const LabelledRows held_out = test_file ? read_rows(config, true, seed, data.inputs) : all;
  if (held_out.x.shape().without(0) != all.x.shape().without(0)) {
    fail_world(held_out.name, fmt::format("its examples are {}, those to train on {}",
                                          held_out.x.shape().without(0).text(), all.x.shape().without(0).text()));
  }
  data.train = cut(all, parse_rows(config.train, all.rows(), true, config, "train"));
  data.validation = cut(all, parse_rows(config.validation, all.rows(), false, config, "validation"));
  data.test = cut(held_out, parse_rows(config.test, held_out.rows(), test_file, config, "test"));
  data.row = config.shape.empty() ? all.x.shape().without(0) : parse_shape(config.shape, config.where);
  if (data.row.elements() != all.x.shape().without(0).elements()) {
    fail_caller(config.where, fmt::format("shape = \"{}\" has {} values, an example {}", config.shape,
                                          data.row.elements(), all.x.shape().without(0).elements()));
  }
  if (config.deviation > 0) {
    data.mean = {config.mean};
    data.deviation = {config.deviation};
  } else if (config.normalize == "none") {
    data.mean = {0};
    data.deviation = {1};
  } else {
    data.train.x = data.train.x.packed();
    take_statistics(config, data);
  }
  for (LabelledRows* part : {&data.train, &data.validation, &data.test}) {
    if (part->rows() == 0) continue;
    std::vector<std::int64_t> sizes{part->rows()};
    sizes.insert(sizes.end(), data.row.begin(), data.row.end());
    // A copy: parts of one file may overlap, and each is normalised in place.
    part->x = part->x.clone().reshape(Shape(std::span<const std::int64_t>(sizes)));
    normalize(*part, data);
  }
  return data;
}

void require_sound(const Dataset& dataset) {
  for (const LabelledRows* part : {&dataset.train, &dataset.validation, &dataset.test}) {
    require_sound(*part, dataset.classes);
  }
}

}  // namespace tamis::train
