package io.quorate.simulation;

import io.quorate.coordinator.metadata.Feature;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Environment;
import io.quorate.environment.Messaging;
import io.quorate.environment.Shard;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.node.Node;
import io.quorate.node.NodeConfig;
import io.quorate.node.NodeState;
import io.quorate.node.VoterPolicy;
import io.quorate.sstable.CompactionOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A cluster of real nodes on simulated hosts. A host that crashed is started again by {@link
 * #start}, with the disk that it was left with.
 */
public final class SimulatedCluster {
  private static final int SHARDS = 2;
  private static final long BYTES = 4 << 20;

  /** So small that a start, which reads whole segments, costs little. */
  private static final int COMMIT_LOG_SEGMENT_BYTES = 256 << 10;

  private final SimulatedWorld world;
  private final List<SimulatedHost> hosts = new ArrayList<>();
  private final Map<String, Node> nodes = new HashMap<>();
  private final TreeMap<String, Environment> environments = new TreeMap<>();
  private final List<Endpoint> voters = new ArrayList<>();
  private final TreeMap<String, String> replaced = new TreeMap<>();
  private final TreeSet<String> mayFail = new TreeSet<>();
  private final TreeSet<String> witnesses = new TreeSet<>();
  private final TreeMap<String, String> racks = new TreeMap<>();
  private final TreeMap<String, String> datacenters = new TreeMap<>();
  private final TreeMap<String, SortedSet<String>> features = new TreeMap<>();
  private VoterPolicy voterPolicy = VoterPolicy.DEFAULT;
  private int metadataSnapshotEntries = 10_000;
  private int tokens = 8;
  private final TreeMap<String, String> failures = new TreeMap<>();
  private Wiretap wiretap = (host, messaging) -> messaging;

  /** Puts something between a node and its peers. */
  interface Wiretap {
    Messaging at(SimulatedHost host, Messaging messaging);
  }

  /** Hosts whose nodes form a new cluster; the first three, or five, vote in its metadata ring. */
  public SimulatedCluster(SimulatedWorld world, int nodeCount) {
    this.world = world;
    int voterCount = nodeCount >= 5 ? 5 : Math.min(3, nodeCount);
    for (int i = 1; i <= nodeCount; i++) {
      String address = "10.0.0." + i;
      hosts.add(world.addHost(address, SHARDS));
      if (i <= voterCount) {
        voters.add(new Endpoint(address, 7000));
      }
    }
  }

  /** Another host, whose node is started by {@link #start} and is no voter of the metadata ring. */
  public SimulatedHost addHost() {
    SimulatedHost added = world.addHost("10.0.0." + (world.hosts().size() + 1), SHARDS);
    hosts.add(added);
    return added;
  }

  /** Another host, whose node takes the place of that of a host that is down. */
  public SimulatedHost addReplacement(SimulatedHost dead) {
    SimulatedHost added = addHost();
    replaced.put(added.name(), dead.name());
    racks.put(added.name(), racks.getOrDefault(dead.name(), "rack1"));
    return added;
  }

  /** The disk of a host that is down is exchanged; its next node takes the old one's place. */
  public void exchangeDisk(SimulatedHost host) {
    replaced.put(host.name(), host.name());
    host.disk().exchange();
  }

  /** The node of this host votes in the metadata ring and holds no rows. Before it starts. */
  public void makeWitness(SimulatedHost host) {
    witnesses.add(host.name());
  }

  /** Those that hold rows. */
  public List<SimulatedHost> dataHosts() {
    return hosts.stream().filter(host -> !isWitness(host)).toList();
  }

  boolean isWitness(SimulatedHost host) {
    return witnesses.contains(host.name());
  }

  /** The node of this host stands in another rack than the rest. Before it starts. */
  public void place(SimulatedHost host, String rack) {
    racks.put(host.name(), rack);
  }

  /** The node of this host stands in another data centre than the rest. Before it starts. */
  public void placeInDatacenter(SimulatedHost host, String datacenter) {
    datacenters.put(host.name(), datacenter);
  }

  /** The node of this host is of a build that knows these features, from its next start on. */
  public void makeBuild(SimulatedHost host, SortedSet<String> knownFeatures) {
    features.put(host.name(), knownFeatures);
  }

  /** How the voters of the metadata ring are chosen. Before a node starts. */
  public void choosesVoters(VoterPolicy policy) {
    voterPolicy = policy;
  }

  /** How many changes of the metadata there are between two snapshots. Before a node starts. */
  public void takesSnapshotsEvery(int entries) {
    metadataSnapshotEntries = entries;
  }

  /** How many tokens a new node chooses. Before it starts. */
  public void choosesTokens(int count) {
    tokens = count;
  }

  /** The node of this host may refuse to go on; its process ends then. */
  public void mayFail(SimulatedHost host) {
    mayFail.add(host.name());
  }

  /** Why the node of a host refused to go on, in its last life; null when it did not. */
  public @Nullable String failure(SimulatedHost host) {
    return failures.get(host.name());
  }

  /** The host is not of the cluster any more. Its power goes, if that has not happened. */
  public void retire(SimulatedHost host) {
    host.crash();
    hosts.remove(host);
  }

  /** Nodes that are started from now on are connected by way of {@code tap}. */
  void tap(Wiretap tap) {
    wiretap = tap;
  }

  public SimulatedWorld world() {
    return world;
  }

  /** Those that were not retired. */
  public List<SimulatedHost> hosts() {
    return hosts;
  }

  /** Starts every node and waits until all serve. */
  public void startAll() {
    hosts.forEach(this::start);
    boolean served = world.runUntil(this::allServe, TimeUnit.SECONDS.toNanos(60));
    if (!served) {
      throw new IllegalStateException("seed " + world.seed() + ": the cluster did not come up");
    }
  }

  /** Starts the node of a host that is down. */
  public void start(SimulatedHost host) {
    Environment booted = host.boot();
    Environment environment = booted.withMessaging(wiretap.at(host, booted.messaging()));
    environments.put(host.name(), environment);
    failures.remove(host.name());
    Node node =
        new Node(
            environment,
            config(host.name()),
            features.getOrDefault(host.name(), Feature.KNOWN),
            new Node.Listener() {
              @Override
              public void ready() {
                world.mix(host.name().hashCode());
              }

              @Override
              public void failed(String why) {
                if (!mayFail.contains(host.name())) {
                  throw new IllegalStateException(host.name() + " failed: " + why);
                }
                failures.put(host.name(), why);
                world.after(0, host::kill);
              }
            });
    nodes.put(host.name(), node);
    node.start();
  }

  /** So short that flushes meet the faults of a simulated minute. */
  private static final long MEMTABLE_MAX_AGE_MILLIS = 10_000;

  private NodeConfig config(String address) {
    return new NodeConfig(
        "simulated",
        Path.of("/data"),
        address,
        address,
        7000,
        9042,
        7080,
        datacenters.getOrDefault(address, "datacenter1"),
        racks.getOrDefault(address, "rack1"),
        seeds(address),
        voters,
        voterPolicy,
        metadataSnapshotEntries,
        witnesses.contains(address),
        tokens,
        SHARDS,
        NodeConfig.CommitLogSync.GROUP,
        1_000,
        COMMIT_LOG_SEGMENT_BYTES,
        null,
        BYTES,
        MEMTABLE_MAX_AGE_MILLIS,
        BYTES,
        CompactionOptions.DEFAULT,
        2_000,
        4_000,
        1_000,
        5_000,
        TimeUnit.HOURS.toMillis(3),
        0,
        replaced.get(address));
  }

  /** Whoever starts a node that comes later names all that there are: the first may be gone. */
  private List<Endpoint> seeds(String address) {
    if (voters.stream().anyMatch(voter -> voter.host().equals(address))) {
      return voters;
    }
    List<Endpoint> seeds = new ArrayList<>(voters);
    for (SimulatedHost host : hosts) {
      Endpoint endpoint = new Endpoint(host.name(), 7000);
      if (!host.name().equals(address) && !seeds.contains(endpoint)) {
        seeds.add(endpoint);
      }
    }
    return seeds;
  }

  private boolean allServe() {
    return hosts.stream().allMatch(this::serves);
  }

  /** Whether the host's node serves clients now. */
  public boolean serves(SimulatedHost host) {
    Node node = nodes.get(host.name());
    return host.isUp() && node != null && node.state() == NodeState.NORMAL;
  }

  /** How far the node on a host is; of its last life, when the host is down. */
  public NodeState state(SimulatedHost host) {
    Node node = nodes.get(host.name());
    return node == null ? NodeState.STOPPED : node.state();
  }

  /** A shard of the process that runs on a host: for what clients do there. */
  Shard shard(SimulatedHost host, int index) {
    Environment environment = environments.get(host.name());
    if (environment == null) {
      throw new IllegalStateException(host.name() + " was never started");
    }
    return environment.shards().get(index);
  }

  /** The process on a host, whatever its state; null when there is none. */
  @Nullable Node process(SimulatedHost host) {
    return host.isUp() ? nodes.get(host.name()) : null;
  }

  /** The node on a host that serves. */
  public Node node(SimulatedHost host) {
    Node node = nodes.get(host.name());
    if (node == null || !serves(host)) {
      throw new IllegalStateException(host.name() + " does not serve");
    }
    return node;
  }
}
