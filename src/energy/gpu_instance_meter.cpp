#include "gpu_instance_meter.hpp"

#include <utility>

#include "wattune/base/require.hpp"
#include "wide.hpp"

namespace wattune::energy {

Result<Reading> BoardMeter::read(MonotonicTime now) {
  Result<Reading> reading = inner().read(now);
  total_->set(reading);
  return reading;
}

GpuInstanceMeter::GpuInstanceMeter(Channel channel, std::shared_ptr<const BoardTotal> board,
                                   unsigned num_slices, unsigned num_board_slices)
    : channel_(std::move(channel)),
      board_(std::move(board)),
      num_slices_(num_slices),
      num_board_slices_(num_board_slices) {
  WATTUNE_REQUIRE(num_slices <= num_board_slices && num_board_slices > 0);
}

Result<Reading> GpuInstanceMeter::read(MonotonicTime /*now*/) {
  const Result<Reading> board = board_->get();
  if (!board) return fail(board.error().kind, channel_.id + ": " + board.error().message);
  const Wide share = Wide{board->total.count()} * num_slices_ / num_board_slices_;
  return Reading{Microjoules{static_cast<std::int64_t>(share)}, board->read_at, board->estimated};
}

}  // namespace wattune::energy
