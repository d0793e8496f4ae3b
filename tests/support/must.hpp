#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

#include "wattune/base/result.hpp"

namespace wattune {

/// The value of a result, or a failed test with the error's own words.
template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error("unexpected error: " + result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace wattune
