#include "wattune/runners/checkpoint_files.hpp"

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

#include "trial_folder.hpp"

namespace wattune::runners {
namespace {

namespace fs = std::filesystem;

class LocalCheckpointFiles final : public CheckpointFiles {
 public:
  explicit LocalCheckpointFiles(fs::path files_dir) : files_dir_(std::move(files_dir)) {}

  [[nodiscard]] bool exists(const std::string& path) const override {
    std::error_code ignored;
    return fs::exists(path, ignored);
  }

  [[nodiscard]] std::optional<std::uintmax_t> size(TrialId trial,
                                                   const std::string& path) const override {
    std::optional<std::uintmax_t> sum;
    for (const fs::path& part : parts_of(trial, path)) sum = sum.value_or(0) + size_of(part);
    return sum;
  }

  void remove(TrialId trial, const std::string& path) override {
    std::error_code ignored;  // What cannot be deleted takes disk and does no other harm.
    for (const fs::path& part : parts_of(trial, path)) fs::remove_all(part, ignored);
  }

 private:
  /// What there is of a checkpoint inside its trial's folder; of the folder itself all that the
  /// program has put there.
  [[nodiscard]] std::vector<fs::path> parts_of(TrialId trial, const std::string& name) const {
    std::error_code error;
    const fs::path folder = fs::weakly_canonical(files_dir_ / TrialFolder::name_of(trial), error);
    if (error) return {};
    const fs::path given = fs::absolute(name, error).lexically_normal();
    // A link that leads out of the folder is not ours.
    const fs::path path =
        fs::weakly_canonical(given.has_filename() ? given : given.parent_path(), error);
    if (error) return {};
    if (path == folder) return written_by_program(folder);
    const auto [folder_end, rest] =
        std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    const bool is_inside = folder_end == folder.end() && rest != path.end();
    const bool is_own = is_inside && TrialFolder::is_own_file(*rest);
    if (!is_inside || is_own || !fs::exists(path, error)) return {};
    return {path};
  }

  static std::vector<fs::path> written_by_program(const fs::path& folder) {
    std::vector<fs::path> parts;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      if (!TrialFolder::is_own_file(entry.path().filename())) parts.push_back(entry.path());
    }
    return parts;
  }

  static std::uintmax_t size_of(const fs::path& path) {
    std::error_code error;
    if (fs::is_regular_file(path, error)) {
      const std::uintmax_t size = fs::file_size(path, error);
      return error ? 0 : size;
    }
    std::uintmax_t sum = 0;
    for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
         it.increment(error)) {
      std::error_code ignored;
      if (it->is_regular_file(ignored)) sum += it->file_size(ignored);
    }
    return sum;
  }

  fs::path files_dir_;
};

}  // namespace

std::unique_ptr<CheckpointFiles> make_local_checkpoint_files(const fs::path& files_dir) {
  return std::make_unique<LocalCheckpointFiles>(fs::absolute(files_dir).lexically_normal());
}

}  // namespace wattune::runners
