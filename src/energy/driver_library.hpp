#pragma once

#include <dlfcn.h>

#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wattune/base/result.hpp"

namespace wattune::energy {

/// A driver's library in memory, as long as the object lives.
class LoadedLibrary {
 public:
  /// Errors   NotFound  it is nowhere, or is no library; in the loader's words
  [[nodiscard]] static Result<LoadedLibrary> load(const std::string& path) {
    void* const handle = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (handle != nullptr) return LoadedLibrary(handle);
    const char* const reason = ::dlerror();
    return fail(ErrorKind::NotFound, reason != nullptr ? reason : path + " cannot be loaded");
  }
  LoadedLibrary() = default;
  LoadedLibrary(LoadedLibrary&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  LoadedLibrary& operator=(LoadedLibrary&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~LoadedLibrary() {
    if (handle_ != nullptr) ::dlclose(handle_);
  }

  /// The first of the names that is there, newest first; null where none is.
  template <typename Function>
  void resolve(Function& function, std::initializer_list<const char*> names) const {
    for (const char* const name : names) {
      function = reinterpret_cast<Function>(::dlsym(handle_, name));
      if (function != nullptr) return;
    }
  }

 private:
  explicit LoadedLibrary(void* handle) : handle_(handle) {}

  void* handle_ = nullptr;
};

/// Libraries that were started and are still used, by where they are. To start one takes long, so
/// that all who use it share one start; it is stopped with its last user.
///
/// Threads  any
template <typename Library>
class StartedLibraries {
 public:
  /// The first of the places from which `load` can start it.
  ///
  /// Errors   why the first place failed at which there is something, else why the first one did
  template <typename Load>
  [[nodiscard]] Result<std::shared_ptr<const Library>> open(const std::vector<std::string>& places,
                                                            Load load) {
    const std::scoped_lock lock(mutex_);
    std::optional<Error> first_error;
    for (const std::string& place : places) {
      if (auto running = started_[place].lock()) return running;
      Result<std::shared_ptr<const Library>> library = load(place);
      if (library) {
        started_[place] = *library;
        return library;
      }
      // One that is there and cannot be used says more than one that is not there.
      const bool is_path = place.find('/') != std::string::npos;
      const bool is_there = library.error().kind != ErrorKind::NotFound ||
                            (is_path && std::filesystem::exists(place));
      if (!first_error || is_there) first_error = library.error();
      if (is_there) break;
    }
    return tl::unexpected(*first_error);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const Library>> started_;  // owns nothing
};

}  // namespace wattune::energy
