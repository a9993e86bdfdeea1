package io.quorate.tools.drill;

import io.quorate.node.NodeConfig;
import io.quorate.tools.AdminClient;
import io.quorate.tools.CommandFailed;
import io.quorate.tools.Json;
import io.quorate.tools.cluster.NodeDirectory;
import io.quorate.tools.drill.Chronicle.What;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * Asks one node again and again what it thinks of the others and who leads the metadata ring, and
 * writes down what changes. So a time in the chronicle is up to {@link #EVERY_NANOS} late.
 *
 * <p>Has a thread of its own, for a node that hangs is waited for.
 */
final class Lookout implements AutoCloseable {
  static final long EVERY_NANOS = 25_000_000;
  private static final int ANSWER_MILLIS = 1_000;

  private final NodeDirectory node;
  private final AdminClient admin;
  private final Chronicle chronicle;

  /** The names of all nodes by internode endpoint. */
  private final Map<String, String> names;

  private final Map<String, What> seen = new HashMap<>();
  private final Thread thread;
  private String leader = "";
  private volatile boolean stopped;

  Lookout(NodeDirectory node, List<NodeDirectory> all, Chronicle chronicle) {
    this.node = node;
    NodeConfig config = node.config();
    this.admin = new AdminClient(config.listenAddress(), config.adminPort(), ANSWER_MILLIS);
    this.chronicle = chronicle;
    this.names = new HashMap<>();
    all.forEach(one -> names.put(one.config().internode().toString(), one.name()));
    this.thread = Thread.ofVirtual().name("lookout " + node.name()).start(this::run);
  }

  private void run() {
    while (!stopped) {
      try {
        look();
      } catch (CommandFailed gone) {
        // It was killed, or hangs; the others say so. Its next life tells everything anew.
        seen.clear();
        leader = "";
      }
      LockSupport.parkNanos(EVERY_NANOS);
    }
  }

  private void look() {
    for (Json peer : admin.json("/v1/gossip").elements()) {
      String name = names.get(peer.text("address"));
      if (name != null && !name.equals(node.name())) {
        What what = peer.bool("suspect") ? What.SUSPECT : peer.bool("alive") ? What.UP : What.DOWN;
        if (seen.put(name, what) != what) {
          chronicle.add(node.name(), name, what, "");
        }
      }
    }
    Json raft = admin.json("/v1/raft");
    String leads = raft.text("leader");
    String told = leads + " in term " + raft.number("term");
    if (!leads.isEmpty() && !told.equals(leader)) {
      leader = told;
      chronicle.add(
          node.name(), names.getOrDefault(leads, leads), What.LEADS, "term " + raft.number("term"));
    }
  }

  @Override
  public void close() {
    stopped = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
