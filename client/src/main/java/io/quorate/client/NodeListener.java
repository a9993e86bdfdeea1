package io.quorate.client;

import java.net.InetSocketAddress;

/**
 * Hears what becomes of the cluster's nodes, as most of them say by status events (native protocol
 * v5, section 4.2.6). Called on an event loop of the session: it must not block.
 */
public interface NodeListener {
  void up(InetSocketAddress node);

  void down(InetSocketAddress node);
}
