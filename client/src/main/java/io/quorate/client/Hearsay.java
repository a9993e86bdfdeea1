package io.quorate.client;

import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What nodes say of each other. One node alone is not believed: it may be the one that is cut off,
 * to which all the others seem to be dead. A node is down when most of those say so that can be
 * asked. Safe for concurrent use.
 */
final class Hearsay {
  /** By node: who says that it is down. */
  private final Map<InetSocketAddress, Set<InetSocketAddress>> saidDown = new HashMap<>();

  /** A node says that another one, or it itself, is up or down. */
  synchronized void said(InetSocketAddress by, InetSocketAddress of, boolean isUp) {
    Set<InetSocketAddress> sayers = saidDown.computeIfAbsent(of, node -> new HashSet<>());
    if (isUp) {
      sayers.remove(by);
    } else {
      sayers.add(by);
    }
  }

  /** What a node said does not count any more: it is not heard now. */
  synchronized void forgetSayer(InetSocketAddress by) {
    saidDown.values().forEach(sayers -> sayers.remove(by));
  }

  /** Nobody said anything of this node: it was reached anew. */
  synchronized void forget(InetSocketAddress of) {
    saidDown.remove(of);
  }

  /**
   * Whether a node is down.
   *
   * @param heard the nodes that can be heard now; what it says of itself counts when it is down
   */
  synchronized boolean isDown(InetSocketAddress node, Set<InetSocketAddress> heard) {
    Set<InetSocketAddress> sayers = saidDown.getOrDefault(node, Set.of());
    if (sayers.contains(node)) {
      return true; // it says goodbye, and knows best
    }
    long others = heard.stream().filter(one -> !one.equals(node)).count();
    return 2L * sayers.size() > others;
  }
}
