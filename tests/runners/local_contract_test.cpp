#include <gtest/gtest.h>

#include "contracts/runner_contract.hpp"
#include "runners/local_study.hpp"

namespace wattune::contracts {
namespace {

struct LocalHarness {
  runners::Runner& runner() { return study.runner(); }
  space::Configuration configuration() { return study.configuration; }
  MonotonicTime now() { return study.clock().now(); }

  fake::LocalStudy study{"train 4 {checkpoint_dir}"};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Local, RunnerContract, LocalHarness);

}  // namespace
}  // namespace wattune::contracts
