#include "tactics/tactic.hpp"

#include <ATen/Context.h>
#include <fmt/format.h>

#include <algorithm>

#include "tactics/int8.hpp"
#include "tactics/prune.hpp"
#include "tactics/sparse.hpp"

namespace wattune::train {
namespace {

using torch::jit::Module;

Transformed compile(const Module& module) {
  Module frozen = torch::jit::freeze(module);
  return {.module = torch::jit::optimize_for_inference(frozen),
          .words = "frozen, folded and in the layouts of the library"};
}

Transformed to_bfloat16(const Module& module) {
  const auto parameters = module.parameters();
  if (parameters.size() == 0) {
    throw NotSupported(
        "bfloat16: the model has no parameters that could be converted; it is frozen");
  }
  Module converted = module.clone();
  converted.to(at::kBFloat16);
  return {.module = converted,
          .num_changed = static_cast<std::int64_t>(parameters.size()),
          .words = fmt::format("{} tensors", parameters.size()),
          .takes_bfloat16 = true};
}

Transformed prune(Tactic tactic, double amount, const Module& module,
                  const std::vector<c10::IValue>& example) {
  const bool is_local = tactic == Tactic::PruneLocal || tactic == Tactic::PruneLocalSparse;
  Module pruned = module.clone();
  const std::int64_t num_pruned =
      is_local ? prune_locally(pruned, amount) : prune_globally(pruned, amount);
  const ParameterCount count = count_parameters(pruned);
  Transformed result{.module = pruned,
                     .num_changed = num_pruned,
                     .words = fmt::format("{} weights are 0", num_pruned),
                     .parameters = count};
  if (tactic == Tactic::PruneLocal || tactic == Tactic::PruneGlobal) return result;
  const SparseRewrite rewrite = use_sparse_kernels(pruned, example, SparsePolicy::WhereFaster);
  result.module = rewrite.module;
  result.words += fmt::format("; a sparse kernel in {} of {} dense layers, where it is faster",
                              rewrite.num_sparse, rewrite.num_dense_layers);
  return result;
}

Transformed transform(Tactic tactic, double amount, const Module& module,
                      const std::vector<c10::IValue>& example) {
  switch (tactic) {
    case Tactic::None:
      return {.module = module, .words = "as it is"};
    case Tactic::Int8Dynamic:
      return use_int8(module);
    case Tactic::Compile:
      return compile(module);
    case Tactic::Bfloat16:
      return to_bfloat16(module);
    case Tactic::PruneLocal:
    case Tactic::PruneGlobal:
    case Tactic::PruneLocalSparse:
    case Tactic::PruneGlobalSparse:
      break;
  }
  return prune(tactic, amount, module, example);
}

}  // namespace

const std::vector<std::string>& tactic_names() {
  static const std::vector<std::string> names{"none",
                                              "int8-dynamic",
                                              "compile",
                                              "prune-local",
                                              "prune-global",
                                              "prune-local-sparse",
                                              "prune-global-sparse",
                                              "bfloat16"};
  return names;
}

std::optional<Tactic> to_tactic(std::string_view name) {
  const auto& names = tactic_names();
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Tactic>(found - names.begin());
}

bool is_pruning(Tactic tactic) {
  return tactic == Tactic::PruneLocal || tactic == Tactic::PruneGlobal ||
         tactic == Tactic::PruneLocalSparse || tactic == Tactic::PruneGlobalSparse;
}

Transformed apply_tactic(Tactic tactic, double amount, const Module& module,
                         const std::vector<c10::IValue>& example) {
  try {
    return transform(tactic, amount, module, example);
  } catch (const NotSupported&) {
    throw;
  } catch (const std::exception& error) {  // LibTorch tells what it cannot do by throwing
    throw NotSupported(
        fmt::format("{}: {}", tactic_names()[static_cast<std::size_t>(tactic)], first_line(error)));
  }
}

}  // namespace wattune::train
