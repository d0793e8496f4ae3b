#include "tactics/model_inputs.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "data/image_data.hpp"
#include "errors.hpp"

namespace wattune::train {
namespace {

at::Tensor make_samples(const std::vector<std::int64_t>& shape,
                        std::optional<std::int64_t> vocabulary, std::int64_t count,
                        std::uint64_t seed) {
  std::vector<std::int64_t> sizes{count};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  const at::Generator generator = at::detail::createCPUGenerator(seed);
  if (vocabulary) return at::randint(*vocabulary, sizes, generator, at::kLong);
  return at::randn(sizes, generator, at::kFloat);
}

/// The memory layout that the trainings use: channels last for images of several channels.
at::Tensor in_layout(const at::Tensor& samples) {
  if (samples.dim() != 4) return samples.contiguous();
  return samples.contiguous(at::MemoryFormat::ChannelsLast);
}

/// What the command line says, else the file, else the data; one number holds for all channels.
std::vector<double> per_channel(const std::vector<double>& option, const std::vector<double>& fact,
                                const std::vector<double>& own) {
  const std::vector<double>& chosen = !option.empty() ? option : !fact.empty() ? fact : own;
  if (chosen.size() == 1) return std::vector<double>(own.size(), chosen.front());
  if (chosen.size() != own.size()) {
    throw UsageError(
        fmt::format("{} numbers for the pixels of {} channels", chosen.size(), own.size()));
  }
  return chosen;
}

ModelInputs read_images(const InputOptions& options, const ModelFacts& facts) {
  ImageData data(*options.data);
  const std::vector<std::int64_t> shape{data.shape.channels, data.shape.height, data.shape.width};
  if (!facts.input.empty() && facts.input != shape) {
    throw UsageError(fmt::format("data folder {}: images of {}; the model takes {}",
                                 options.data->string(), fmt::join(shape, " x "),
                                 fmt::join(facts.input, " x ")));
  }
  data.mean = per_channel(options.pixel_mean, facts.pixel_mean, data.mean);
  data.standard_deviation =
      per_channel(options.pixel_deviation, facts.pixel_deviation, data.standard_deviation);
  const ImageSplit split = options.is_test_split ? data.read_test() : data.validation;
  ImageBatches batches(data, split.images, split.labels, split.size(), at::kCPU);
  const auto [images, labels] = batches.slice(0, split.size());
  return {
      .samples = in_layout(images),
      .labels = labels,
      .words = fmt::format("{} {} images of {}", split.size(),
                           options.is_test_split ? "test" : "validation", options.data->string())};
}

}  // namespace

ModelInputs make_inputs(const InputOptions& options, const ModelFacts& facts) {
  if (options.data) return read_images(options, facts);
  const std::vector<std::int64_t>& shape = options.shape.empty() ? facts.input : options.shape;
  if (shape.empty()) {
    throw UsageError(
        "nothing tells what the model takes: name images with --data, or the shape of one sample "
        "with --input-shape, as in --input-shape 3x32x32");
  }
  const auto vocabulary = options.vocabulary ? options.vocabulary : facts.vocabulary;
  return {.samples = in_layout(make_samples(shape, vocabulary, options.num_made, options.seed)),
          .labels = std::nullopt,
          .words = fmt::format("{} made samples of {}, without labels", options.num_made,
                               fmt::join(shape, " x "))};
}

std::optional<std::vector<std::int64_t>> to_shape(const std::string& text) {
  std::vector<std::int64_t> shape;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    std::int64_t size = 0;
    const auto [stopped, error] = std::from_chars(at, end, size);
    if (error != std::errc{} || size < 1) return std::nullopt;
    shape.push_back(size);
    at = stopped;
    if (at < end && *at != 'x' && *at != ',') return std::nullopt;
    if (at < end && ++at == end) return std::nullopt;
  }
  if (shape.empty()) return std::nullopt;
  return shape;
}

}  // namespace wattune::train
