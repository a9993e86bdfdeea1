package io.quorate.coordinator.metadata;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/**
 * A data centre's ring as {@link TokenAllocation} tries tokens on it: which part of all rows each
 * node holds, as a replica, and which it should. Replicas are those of {@link TokenRing}: a range's
 * are the next nodes of racks that it has not seen.
 *
 * <p>Unevenness is the sum over all nodes of the square of what each holds too much or too little,
 * as a part of what it should hold. Beside the replicas, what each owns first counts a little: it
 * decides where all nodes hold everything, and for keyspaces with fewer replicas.
 *
 * <p>Not thread-safe: made for one choice of tokens.
 */
final class ReplicaShares {
  /** How much owning first counts beside holding replicas. */
  private static final double PRIMARY = 0.05;

  /** No piece that is cut off a range, or left of it, is smaller than this part of it. */
  private static final double SMALLEST_PIECE = 1.0 / 32;

  private final int factor;
  private final int[] rackOf;
  private final int rackCount;
  private final double[] weights;
  private final double[] wanted;
  private final double[] wantedFirst;

  // The ring, by position.
  private long[] tokens = new long[0];
  private int[] owners = new int[0];
  private double[] sizes = new double[0];

  /** How many positions, itself among them, a range looks at for its replicas. */
  private int[] reach = new int[0];

  private final double[] held;
  private final double[] first;

  // What a walk finds, and what a try changes.
  private final int[] found;
  private final boolean[] rackSeen;
  private int foundCount;
  private final double[] changed;

  /**
   * @param nodes of one data centre, each with the tokens that it has or will have
   * @param weights what each of them should have, by host id
   * @param factor replicas of each range
   * @param overRacks whether replicas are spread over racks
   */
  ReplicaShares(
      Collection<NodeInfo> nodes, SortedMap<UUID, Integer> weights, int factor, boolean overRacks) {
    List<NodeInfo> all = List.copyOf(nodes);
    SortedMap<String, Integer> racks = new TreeMap<>();
    this.rackOf = new int[all.size()];
    this.weights = new double[all.size()];
    for (int node = 0; node < all.size(); node++) {
      String rack = overRacks ? all.get(node).rack() : "";
      racks.putIfAbsent(rack, racks.size());
      rackOf[node] = racks.get(rack);
      this.weights[node] = weights.getOrDefault(all.get(node).hostId(), 1);
    }
    this.rackCount = racks.size();
    // Where all hold everything it counts who stands last in how many ranges: the next node takes
    // the place of these. They are what a row has with one replica less.
    this.factor =
        rackCount == 1
            ? Math.min(factor, Math.max(1, all.size() - 1))
            : Math.min(factor, all.size());
    this.wanted = wanted();
    this.wantedFirst = new double[all.size()];
    double total = Arrays.stream(this.weights).sum();
    for (int node = 0; node < all.size(); node++) {
      wantedFirst[node] = this.weights[node] / total;
    }
    this.held = new double[all.size()];
    this.first = new double[all.size()];
    this.found = new int[all.size()];
    this.rackSeen = new boolean[rackCount];
    this.changed = new double[all.size()];
    List<Position> positions = new ArrayList<>();
    for (int node = 0; node < all.size(); node++) {
      for (long token : all.get(node).tokens()) {
        positions.add(new Position(token, node));
      }
    }
    positions.sort((a, b) -> Long.compare(a.token, b.token));
    lay(positions);
  }

  private record Position(long token, int node) {}

  /**
   * What each should hold. A rack holds no range twice as long as there are as many racks as
   * replicas, and each range once when there are no more; else racks, and the nodes of each, hold
   * what goes with their weights.
   */
  private double[] wanted() {
    double[] rackWeights = new double[rackCount];
    int[] rackNodes = new int[rackCount];
    for (int node = 0; node < rackOf.length; node++) {
      rackWeights[rackOf[node]] += weights[node];
      rackNodes[rackOf[node]]++;
    }
    double[] least = new double[rackCount];
    double[] most = new double[rackCount];
    for (int rack = 0; rack < rackCount; rack++) {
      least[rack] = rackCount <= factor ? 1 : 0;
      most[rack] = rackCount >= factor ? 1 : Math.min(rackNodes[rack], factor - rackCount + 1);
    }
    double[] ofRacks = shared(factor, rackWeights, least, most);
    double[] ofNodes = new double[rackOf.length];
    for (int rack = 0; rack < rackCount; rack++) {
      double[] inRack = new double[rackOf.length];
      double[] one = new double[rackOf.length];
      for (int node = 0; node < rackOf.length; node++) {
        boolean isHere = rackOf[node] == rack;
        inRack[node] = isHere ? weights[node] : 0;
        one[node] = isHere ? 1 : 0;
      }
      double[] shares = shared(ofRacks[rack], inRack, new double[rackOf.length], one);
      for (int node = 0; node < rackOf.length; node++) {
        ofNodes[node] += shares[node];
      }
    }
    return ofNodes;
  }

  /** Shares a total by weights, none below its least or above its most, as far as that goes. */
  private static double[] shared(double total, double[] weights, double[] least, double[] most) {
    double low = 0;
    double high = 1;
    while (sum(weights, least, most, high) < total && high < 1e12) {
      high *= 2;
    }
    for (int i = 0; i < 100; i++) {
      double middle = (low + high) / 2;
      if (sum(weights, least, most, middle) < total) {
        low = middle;
      } else {
        high = middle;
      }
    }
    double[] shares = new double[weights.length];
    for (int i = 0; i < weights.length; i++) {
      shares[i] = Math.clamp(weights[i] * high, least[i], most[i]);
    }
    return shares;
  }

  private static double sum(double[] weights, double[] least, double[] most, double level) {
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      sum += Math.clamp(weights[i] * level, least[i], most[i]);
    }
    return sum;
  }

  /** Works everything out anew. */
  private void lay(List<Position> positions) {
    int count = positions.size();
    tokens = new long[count];
    owners = new int[count];
    sizes = new double[count];
    reach = new int[count];
    for (int i = 0; i < count; i++) {
      tokens[i] = positions.get(i).token;
      owners[i] = positions.get(i).node;
    }
    Arrays.fill(held, 0);
    Arrays.fill(first, 0);
    for (int i = 0; i < count; i++) {
      long before = tokens[(i + count - 1) % count];
      sizes[i] = count == 1 ? 1 : ((tokens[i] - before) >>> 1) / 0x1.0p63;
      reach[i] = walk(i, -1, -1);
      for (int j = 0; j < foundCount; j++) {
        held[found[j]] += sizes[i];
      }
      first[owners[i]] += sizes[i];
    }
  }

  private List<Position> positions() {
    List<Position> positions = new ArrayList<>();
    for (int i = 0; i < tokens.length; i++) {
      positions.add(new Position(tokens[i], owners[i]));
    }
    return positions;
  }

  void add(long token, int node) {
    List<Position> positions = positions();
    int at = 0;
    while (at < tokens.length && tokens[at] < token) {
      at++;
    }
    positions.add(at, new Position(token, node));
    lay(positions);
  }

  void remove(long token) {
    List<Position> positions = positions();
    positions.removeIf(position -> position.token == token);
    lay(positions);
  }

  /**
   * Finds the replicas of a range.
   *
   * @param start the position where it ends
   * @param inserted a position before which {@code node} is thought to be; -1: nowhere. From there
   *     on the positions count one more
   * @return how many positions were looked at
   */
  private int walk(int start, int inserted, int node) {
    int count = owners.length + (inserted < 0 ? 0 : 1);
    Arrays.fill(rackSeen, false);
    foundCount = 0;
    int racksSeen = 0;
    int sameRackAllowed = factor - rackCount;
    int steps = 0;
    while (steps < count && foundCount < factor) {
      int at = (start + steps) % count;
      steps++;
      int next =
          inserted < 0 || at < inserted ? owners[at] : at == inserted ? node : owners[at - 1];
      boolean isNewRack = !rackSeen[rackOf[next]];
      if (isFound(next) || (!isNewRack && racksSeen < rackCount && sameRackAllowed <= 0)) {
        continue;
      }
      if (isNewRack) {
        rackSeen[rackOf[next]] = true;
        racksSeen++;
      } else {
        sameRackAllowed--;
      }
      found[foundCount++] = next;
    }
    return steps;
  }

  private boolean isFound(int node) {
    for (int i = 0; i < foundCount; i++) {
      if (found[i] == node) {
        return true;
      }
    }
    return false;
  }

  /**
   * The token with which a node, of which the ring knows one at least, makes it most even.
   *
   * @param part how much of what it wants the node should hold with it
   */
  long best(int node, double part) {
    double least = Double.POSITIVE_INFINITY;
    int bestRange = 0;
    double bestSize = 0;
    for (int range = 0; range < tokens.length; range++) {
      double size = tryIn(range, node, part);
      if (tried < least) {
        least = tried;
        bestRange = range;
        bestSize = size;
      }
    }
    int count = tokens.length;
    long start = tokens[(bestRange + count - 1) % count];
    return start + ((long) (bestSize * 0x1.0p63) << 1);
  }

  /** What the last try would do to the unevenness, less is better. */
  private double tried;

  /** How much a node best cuts off the beginning of a range. */
  private double tryIn(int range, int node, double part) {
    int count = owners.length;
    Arrays.fill(changed, 0);
    // Ranges before it whose walk comes by here: the node stands in it now.
    for (int back = 1; back < count; back++) {
      int other = (range - back + count) % count;
      if (reach[other] <= back) {
        break;
      }
      walk(other, -1, -1);
      change(-sizes[other]);
      walk(other < range ? other : other + 1, range, node);
      change(sizes[other]);
    }
    // The piece that is cut off: what changes is as long as the piece.
    double[] slope = new double[changed.length];
    walk(range, -1, -1);
    for (int i = 0; i < foundCount; i++) {
      slope[found[i]]--;
    }
    walk(range, range, node);
    for (int i = 0; i < foundCount; i++) {
      slope[found[i]]++;
    }
    double linear = 0;
    double square = 0;
    double fixed = 0;
    for (int i = 0; i < changed.length; i++) {
      if (changed[i] == 0 && slope[i] == 0) {
        continue;
      }
      double before = excess(i, node, part);
      double after = before + changed[i] / wanted[i];
      double rise = slope[i] / wanted[i];
      fixed += after * after - before * before;
      linear += after * rise;
      square += rise * rise;
    }
    int loser = owners[range];
    if (loser != node) {
      for (int i : new int[] {node, loser}) {
        double goal = i == node ? part : 1;
        double now = first[i] / wantedFirst[i] - goal;
        double rise = (i == node ? 1 : -1) / wantedFirst[i];
        linear += PRIMARY * now * rise;
        square += PRIMARY * rise * rise;
      }
    }
    double size = sizes[range];
    double cut = square == 0 ? size / 2 : -linear / square;
    cut = Math.clamp(cut, size * SMALLEST_PIECE, size * (1 - SMALLEST_PIECE));
    tried = fixed + 2 * linear * cut + square * cut * cut;
    return cut;
  }

  private void change(double size) {
    for (int i = 0; i < foundCount; i++) {
      changed[found[i]] += size;
    }
  }

  /** What a node holds too much, as a part of what it should hold. */
  private double excess(int i, int node, double part) {
    return held[i] / wanted[i] - (i == node ? part : 1);
  }

  /** What a node holds of what it should. */
  double part(int node) {
    return held[node] / wanted[node];
  }

  double unevenness() {
    double sum = 0;
    for (int i = 0; i < held.length; i++) {
      double excess = held[i] / wanted[i] - 1;
      double excessFirst = first[i] / wantedFirst[i] - 1;
      sum += excess * excess + PRIMARY * excessFirst * excessFirst;
    }
    return sum;
  }

  /** The middle of the range that is greatest; the first of them. */
  long middleOfTheGreatest() {
    int greatest = 0;
    for (int range = 1; range < sizes.length; range++) {
      if (sizes[range] > sizes[greatest]) {
        greatest = range;
      }
    }
    return tokens[greatest] - (long) (sizes[greatest] * 0x1.0p63);
  }
}
