package io.quorate.node;

import io.quorate.coordinator.Internode;
import io.quorate.coordinator.RingCoordinator;
import io.quorate.gossip.Membership;
import io.quorate.raft.RaftNode;
import io.quorate.sstable.StorageEngine;

/** What a node is made of; {@link Assembly} makes it. */
record NodeParts(
    NodeIdentity identity,
    StorageEngine engine,
    RaftMetadataRing ring,
    RaftNode raft,
    VotingRight votingRight,
    Internode internode,
    Membership membership,
    HintedHandoff hints,
    RingCoordinator coordinator,
    LoggedBatches batches,
    Queries queries,
    Clients clients,
    Transitions transitions,
    Rebuild rebuild,
    MetadataRecovery recovery) {

  /**
   * What only this node keeps goes to others: no later life of it could deliver that.
   *
   * @param deadlineNanos on the clock's time line: until then it is tried
   */
  void handOver(long deadlineNanos, Runnable then) {
    batches.finish(deadlineNanos, () -> hints.handOver(deadlineNanos, then));
  }
}
