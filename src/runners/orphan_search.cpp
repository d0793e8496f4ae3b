#include "orphan_search.hpp"

#include <vector>

#include "descendants.hpp"

namespace wattune::runners {

/// A stranger that has died since the children were listed cannot be told any more, and may have
/// forked before: then the list is read again.
void OrphanSearch::look(std::span<TrialProcess* const> trials) {
  bool has_new_dead = true;
  for (int round = 0; has_new_dead && round < 20; ++round) {
    std::set<pid_t> known;
    for (const TrialProcess* const process : trials) {
      known.insert(process->pid());
      for (const pid_t orphan : process->orphans()) known.insert(orphan);
    }
    const std::vector<pid_t> children = own_children();
    const std::set<pid_t> present(children.begin(), children.end());
    std::erase_if(dead_strangers_, [&](pid_t pid) { return !present.contains(pid); });
    std::vector<pid_t> unknown;
    for (const pid_t pid : children) {
      if (!known.contains(pid) && !dead_strangers_.contains(pid)) unknown.push_back(pid);
    }
    has_new_dead = false;
    for (TrialProcess* const process : trials) {
      has_new_dead = process->look_for_orphans(unknown) || has_new_dead;
    }
    for (const pid_t pid : unknown) {
      const auto facts = read_process_facts(pid);
      if (!facts || facts->is_zombie) {
        dead_strangers_.insert(pid);
        has_new_dead = true;
      }
    }
  }
}

}  // namespace wattune::runners
