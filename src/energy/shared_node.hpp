#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include "node_board.hpp"
#include "wattune/energy/node_claims.hpp"

namespace wattune::energy {

/// The board and the reservations that the Wattune processes of one node share, in a file.
///
/// One of them owns the meter: it holds a lock that the kernel takes back when it dies, however it
/// dies. A second lock guards the reservations for a moment at a time. Both belong to an open file
/// (F_OFD_SETLK) and are let go in a forked child.
///
/// Threads  any
/// Source   docs/metering.md, "Sharing a node"
class SharedNode final : public NodeClaims {
 public:
  /// Opens the board in a folder that belongs to this user or to root, and makes both where they
  /// are missing. A board of before the last start of the machine is begun anew.
  ///
  /// Takes    capacity  cores of the machine and its sockets
  /// Errors   Permission  the folder is another user's; the file cannot be opened
  ///          Transient   it cannot be mapped, or 64 processes share it already
  [[nodiscard]] static Result<std::unique_ptr<SharedNode>> open(const std::filesystem::path& folder,
                                                                const NodeClaim& capacity,
                                                                MonotonicTime now);
  ~SharedNode() override;

  [[nodiscard]] NodeBoard& board() { return *board_; }
  /// Becomes the owner if there is none; gives whether this process is the owner.
  bool try_to_own();
  /// Frees what dead processes have reserved.
  void reap(MonotonicTime now);
  [[nodiscard]] std::size_t num_others();

  void set(const NodeClaim& claim, MonotonicTime now) override;
  [[nodiscard]] NodeUse use(MonotonicTime now) override;

 private:
  class Guard;
  SharedNode(int file, NodeBoard* board) : file_(file), board_(board) {}
  [[nodiscard]] bool enter(const NodeClaim& capacity, MonotonicTime now);
  void settle(MonotonicTime now);
  void add_up();
  void begin_anew();

  std::mutex mutex_;  // the file's locks do not tell threads of one process apart
  int file_;
  NodeBoard* board_;
  std::size_t claim_ = 0;
  bool is_owner_ = false;
};

}  // namespace wattune::energy
