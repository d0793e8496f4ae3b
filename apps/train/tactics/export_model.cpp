#include "tactics/export_model.hpp"

#include <ATen/ATen.h>

#include "tactics/export.hpp"
#include "tasks/classification.hpp"

namespace wattune::train {
namespace {

constexpr std::int64_t kExampleSamples = 3;

at::Tensor example_of(const Task& task, at::Device device) {
  const auto source = task.open(Part::Validation, kExampleSamples, device);
  return source->slice(0, std::min(kExampleSamples, source->size())).input.clone();
}

ModelFacts facts_of(const std::string& name, const Task& task, const at::Tensor& example) {
  ModelFacts facts{.model = name, .input = example.sizes().slice(1).vec()};
  if (!example.is_floating_point()) facts.vocabulary = task.heads().front().size;
  if (const auto* images = dynamic_cast<const Classification*>(&task)) {
    facts.pixel_mean = images->data().mean;
    facts.pixel_deviation = images->data().standard_deviation;
  }
  return facts;
}

}  // namespace

void export_model(const std::filesystem::path& path, const std::string& name, Model& model,
                  const Task& task) {
  const at::Device device = model.parameters().trained().values.device();
  const at::Tensor example = example_of(task, device);
  export_torchscript(path,
                     {.parameters = model.parameters().in_use(),
                      .buffers = model.buffers(),
                      .forward = [&model](const at::Tensor& x) { return model.forward(x, false); },
                      .example = example,
                      .facts = facts_of(name, task, example)});
}

}  // namespace wattune::train
