package io.quorate.node;

/** How far a node is. */
public enum NodeState {
  /** Reads its disk. */
  STARTING,
  /** Waits for the metadata ring to tell it what the cluster is, or to take it in. */
  JOINING,
  /** Serves clients. */
  NORMAL,
  /** Takes no new clients and finishes what it has. */
  DRAINING,
  /** Was taken out of the cluster: serves nothing, and stays up for administration. */
  DECOMMISSIONED,
  /** Has ended, or cannot go on. */
  STOPPED
}
