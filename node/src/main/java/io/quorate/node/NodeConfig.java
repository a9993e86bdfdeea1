package io.quorate.node;

import io.quorate.environment.Endpoint;
import io.quorate.sstable.CompactionOptions;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one node is told. Durations in milliseconds, sizes in bytes.
 *
 * @param dataDirectory holds everything that this node keeps
 * @param listenAddress where it listens, for peers, clients and administration
 * @param broadcastAddress under which peers and clients reach it
 * @param seeds peers that are asked for the rest of the cluster at start
 * @param metadataVoters internode endpoints of the nodes that vote in the metadata ring when it
 *     begins; the same on every node of the cluster
 * @param metadataSnapshotEntries how many changes of the metadata there are between two snapshots
 *     of them; a tenth as many are kept behind a snapshot, for who is a little behind
 * @param isWitness whether it votes in the metadata ring and holds no rows
 * @param shards event loops; one owns one slice of the token range
 * @param commitLogSync when a write is acknowledged
 * @param commitLogArchiveDirectory segments of the commit log are kept there for a restore; null
 *     keeps none
 * @param commitLogSegmentBytes size of a file of the commit log; a mutation has half of it at most
 * @param memtableMaxAgeMillis what is in memory is flushed at this age, so that its log can go
 * @param streamBytesPerSecond how much a node fetches at most when ownership changes; 0 is without
 *     limit
 * @param replaceNode host id or address of a dead node whose place a new node takes; null when it
 *     takes nobody's
 */
public record NodeConfig(
    String clusterName,
    Path dataDirectory,
    String listenAddress,
    String broadcastAddress,
    int internodePort,
    int nativeTransportPort,
    int adminPort,
    String datacenter,
    String rack,
    List<Endpoint> seeds,
    List<Endpoint> metadataVoters,
    VoterPolicy voterPolicy,
    int metadataSnapshotEntries,
    boolean isWitness,
    int numTokens,
    int shards,
    CommitLogSync commitLogSync,
    long commitLogSyncPeriodMillis,
    int commitLogSegmentBytes,
    @Nullable Path commitLogArchiveDirectory,
    long memtableBytes,
    long memtableMaxAgeMillis,
    long blockCacheBytes,
    CompactionOptions compaction,
    long readTimeoutMillis,
    long rangeTimeoutMillis,
    long writeTimeoutMillis,
    long metadataTimeoutMillis,
    long hintWindowMillis,
    long streamBytesPerSecond,
    @Nullable String replaceNode) {

  /** When a write is acknowledged. */
  public enum CommitLogSync {
    /** After a sync that it shares with whatever came meanwhile. */
    GROUP,
    /** After a sync that was begun for it at once. */
    BATCH,
    /** Before it is synced; a power loss takes what came within one period. */
    PERIODIC
  }

  public Endpoint internode() {
    return new Endpoint(broadcastAddress, internodePort);
  }

  public Endpoint nativeTransport() {
    return new Endpoint(broadcastAddress, nativeTransportPort);
  }
}
