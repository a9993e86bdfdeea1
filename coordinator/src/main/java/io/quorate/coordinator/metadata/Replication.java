package io.quorate.coordinator.metadata;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** How many replicas of each row there are, and where. */
public sealed interface Replication {

  /** As {@code system_schema.keyspaces.replication} shows it, {@code class} first. */
  Map<String, String> asMap();

  /** Replicas over all data centres, were there nodes enough. */
  int totalFactor();

  /** The next {@code factor} nodes on the ring, wherever they stand. */
  record Simple(int factor) implements Replication {
    @Override
    public Map<String, String> asMap() {
      Map<String, String> map = new LinkedHashMap<>();
      map.put("class", "org.apache.cassandra.locator.SimpleStrategy");
      map.put("replication_factor", Integer.toString(factor));
      return map;
    }

    @Override
    public int totalFactor() {
      return factor;
    }
  }

  /** A factor for each data centre; within one, over as many racks as there are. */
  record NetworkTopology(SortedMap<String, Integer> factors) implements Replication {
    public NetworkTopology {
      factors = Collections.unmodifiableSortedMap(new TreeMap<>(factors));
    }

    @Override
    public Map<String, String> asMap() {
      Map<String, String> map = new LinkedHashMap<>();
      map.put("class", "org.apache.cassandra.locator.NetworkTopologyStrategy");
      factors.forEach((datacenter, factor) -> map.put(datacenter, Integer.toString(factor)));
      return map;
    }

    @Override
    public int totalFactor() {
      return factors.values().stream().mapToInt(Integer::intValue).sum();
    }
  }

  /** Every node has its own: the system keyspaces. */
  record Local() implements Replication {
    @Override
    public Map<String, String> asMap() {
      return Map.of("class", "org.apache.cassandra.locator.LocalStrategy");
    }

    @Override
    public int totalFactor() {
      return 1;
    }
  }
}
