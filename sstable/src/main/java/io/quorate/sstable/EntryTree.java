package io.quorate.sstable;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The order of a memtable's {@link Entries}, and the way to one of them: a B+tree, made so that a
 * search seldom waits for memory. A node is one array and an entry in it one word. A search looks
 * at a word in each cache line of a node, whichever they are, so that the processor fetches them at
 * once; halving would wait for one after the other. Tokens are spread evenly, so the first half of
 * one tells almost any two entries apart; where it does not, as in a partition of many rows, the
 * entries are looked at.
 *
 * <pre>
 * Node := count | words, for each entry in order: first four bytes of its key | address i32
 *       | words of ones, which nothing is above, up to a whole number of groups
 * </pre>
 *
 * <p>A leaf is such an array and nothing else. Entries never leave. A cursor stays valid while
 * values change, but not while entries are added. Owned by its memtable; not thread-safe until
 * frozen.
 */
final class EntryTree {
  private static final int FANOUT = 64;

  /** Words of one cache line. A leaf begins half full and grows by so many: most are not full. */
  private static final int GROUP = 8;

  private static final long BEYOND = -1;

  private static final int PREFIX_BYTES = 4;
  private static final int ARRAY_HEADER_BYTES = 16;
  private static final int INNER_BYTES = 32 + ARRAY_HEADER_BYTES + 4 * FANOUT + nodeBytes(FANOUT);

  /** Where a cursor stands before its first move. Stays empty. */
  private static final Inner NOWHERE = new Inner(emptyNode(0));

  /** A node above others. Before each child but the first stands the least entry in it. */
  private static final class Inner {
    final long[] node = emptyNode(FANOUT);

    /** Leaves on the lowest level, otherwise inner nodes. */
    final @Nullable Object[] children = new @Nullable Object[FANOUT];

    /** The neighbours on the same level. */
    @Nullable Inner next;

    @Nullable Inner previous;

    Inner(Object firstChild) {
      children[0] = firstChild;
    }

    int lastChild() {
      return count(node);
    }

    Inner inner(int child) {
      return (Inner) Objects.requireNonNull(children[child]);
    }

    long[] leaf(int child) {
      return (long[]) Objects.requireNonNull(children[child]);
    }

    void insert(int position, long word, Object child) {
      System.arraycopy(children, position, children, position + 1, lastChild() + 1 - position);
      children[position] = child;
      EntryTree.insert(node, position - 1, word);
    }

    /** Moves the children from one on to a new neighbour. */
    Inner split(int from) {
      int moved = lastChild() - from;
      Inner right = new Inner(Objects.requireNonNull(children[from]));
      System.arraycopy(children, from + 1, right.children, 1, moved);
      Arrays.fill(children, from, FANOUT, null);
      System.arraycopy(node, 1 + from, right.node, 1, moved);
      Arrays.fill(node, from, node.length, BEYOND);
      right.node[0] = moved;
      node[0] = from - 1L;
      right.next = next;
      right.previous = this;
      if (next != null) {
        next.previous = right;
      }
      next = right;
      return right;
    }
  }

  private final Entries entries;
  private Inner root = new Inner(emptyNode(GROUP));

  /** Levels of inner nodes. */
  private int height = 1;

  private long memoryBytes = (long) INNER_BYTES + nodeBytes(GROUP);
  private int entryCount;

  /** The way down to the last leaf that was searched: nodes, and the child taken in each. */
  private Inner[] path = new Inner[8];

  private int[] pathChildren = new int[8];

  /** Whether the last {@link #findOrAdd} added. */
  boolean added;

  EntryTree(Entries entries) {
    this.entries = entries;
  }

  private static long[] emptyNode(int capacity) {
    long[] node = new long[1 + capacity];
    Arrays.fill(node, 1, node.length, BEYOND);
    return node;
  }

  private static int nodeBytes(int capacity) {
    return ARRAY_HEADER_BYTES + Long.BYTES * (1 + capacity);
  }

  int entryCount() {
    return entryCount;
  }

  long memoryBytes() {
    return memoryBytes;
  }

  /** Address of the entry with a key; {@link Entries#NONE} when there is none. */
  int find(byte[] key, int length) {
    Inner inner = root;
    for (int level = 1; level < height; level++) {
      inner = inner.inner(childFor(inner, key, length));
    }
    long[] leaf = inner.leaf(childFor(inner, key, length));
    long prefix = prefix(key, length);
    int position = countBelow(leaf, prefix);
    if (isAlike(leaf, position + 1, prefix)) {
      position = lastAtOrBelow(leaf, key, length);
    }
    return isAt(leaf, position, key, length) ? entry(leaf, position) : Entries.NONE;
  }

  /** Address of the entry with a key; one that is new is added with a value. */
  int findOrAdd(byte[] key, int length, byte[] value, int valueOffset, int valueLength) {
    Inner inner = root;
    for (int level = 0; level < height; level++) {
      int child = childFor(inner, key, length);
      path[level] = inner;
      pathChildren[level] = child;
      inner = level + 1 < height ? inner.inner(child) : inner;
    }
    long[] leaf = inner.leaf(pathChildren[height - 1]);
    int position = lastAtOrBelow(leaf, key, length);
    if (isAt(leaf, position, key, length)) {
      added = false;
      return entry(leaf, position);
    }
    int entry = entries.add(key, length, value, valueOffset, valueLength);
    addToLeaf(leaf, position + 1, prefix(key, length) << 32 | (entry & 0xFFFF_FFFFL));
    entryCount++;
    added = true;
    return entry;
  }

  private boolean isAt(long[] leaf, int position, byte[] key, int length) {
    return position >= 0
        && isAlike(leaf, position, prefix(key, length))
        && entries.hasKey(entry(leaf, position), key, length);
  }

  /** Whether there is an entry whose key begins with a prefix. */
  private static boolean isAlike(long[] node, int position, long prefix) {
    return position < count(node) && node[1 + position] >>> 32 == prefix;
  }

  /** A bound may be shorter. The missing bytes count as zeros, the least there are. */
  private static long prefix(byte[] key, int length) {
    return length >= PREFIX_BYTES
        ? ByteReader.intAt(key, 0) & 0xFFFF_FFFFL
        : prefix(Arrays.copyOf(Arrays.copyOf(key, length), PREFIX_BYTES), PREFIX_BYTES);
  }

  private static int count(long[] node) {
    return (int) node[0];
  }

  private static int entry(long[] node, int position) {
    return (int) node[1 + position];
  }

  /** Which child may have a key. */
  private int childFor(Inner inner, byte[] key, int length) {
    return lastAtOrBelow(inner.node, key, length) + 1;
  }

  /** Index of the last entry whose key is not above the given one; -1 when all are. */
  private int lastAtOrBelow(long[] node, byte[] key, int length) {
    long prefix = prefix(key, length);
    int count = count(node);
    int low = countBelow(node, prefix);
    int high = low;
    if (low < count && isAlike(node, count - 1, prefix)) {
      high = count; // inside a large partition
    }
    while (isAlike(node, high, prefix)) {
      high++;
    }
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (compare(entry(node, middle), key, length) <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low - 1;
  }

  /**
   * How many entries begin below a prefix. Looks at the first word of each group, and then into the
   * last group that begins below, without a branch on what stands there.
   */
  private static int countBelow(long[] node, long prefix) {
    int groups = node.length / GROUP;
    long groupsBelow = 0;
    for (int i = 0; i < groups; i++) {
      groupsBelow += below(node[1 + i * GROUP], prefix);
    }
    if (groupsBelow == 0) {
      return 0;
    }
    int first = 1 + ((int) groupsBelow - 1) * GROUP;
    long below = 0;
    for (int i = 1; i < GROUP; i++) {
      below += below(node[first + i], prefix);
    }
    return first + (int) below;
  }

  /** 1 for a word that begins below a prefix, otherwise 0. */
  private static long below(long word, long prefix) {
    return ((word >>> 32) - prefix) >>> 63;
  }

  /** Of an entry and a key that begin alike. */
  private int compare(int entry, byte[] key, int length) {
    int offset = Entries.keyOffset(entry);
    return Arrays.compareUnsigned(
        entries.keyBytes(entry),
        offset + PREFIX_BYTES,
        offset + entries.keyLength(entry),
        key,
        Math.min(PREFIX_BYTES, length),
        length);
  }

  private void addToLeaf(long[] leaf, int position, long word) {
    if (1 + count(leaf) < leaf.length) {
      insert(leaf, position, word);
    } else if (count(leaf) < FANOUT) {
      insert(replaceLeaf(leaf, count(leaf)), position, word);
    } else {
      splitLeaf(leaf, position, word);
    }
  }

  private void splitLeaf(long[] leaf, int position, long word) {
    // Keys that come in order leave full leaves behind.
    int splitAt = position == FANOUT ? FANOUT : FANOUT / 2;
    long[] right = roomy(leaf, splitAt, FANOUT);
    memoryBytes += nodeBytes(right.length - 1);
    if (position > splitAt || splitAt == FANOUT) {
      insert(right, position - splitAt, word);
    }
    if (splitAt < FANOUT) {
      long[] left = replaceLeaf(leaf, splitAt);
      if (position <= splitAt) {
        insert(left, position, word);
      }
    }
    addChild(height - 1, right[1], right);
  }

  /** Puts the first entries of the leaf that was searched, with room for more, in its place. */
  private long[] replaceLeaf(long[] leaf, int count) {
    long[] replacement = roomy(leaf, 0, count);
    memoryBytes += (long) Long.BYTES * (replacement.length - leaf.length);
    path[height - 1].children[pathChildren[height - 1]] = replacement;
    return replacement;
  }

  private static long[] roomy(long[] leaf, int from, int to) {
    int count = to - from;
    long[] copy = emptyNode((count / GROUP + 1) * GROUP);
    copy[0] = count;
    System.arraycopy(leaf, 1 + from, copy, 1, count);
    return copy;
  }

  /** Adds a child behind the one that was taken on a level. */
  private void addChild(int level, long word, Object child) {
    if (level < 0) {
      root = new Inner(root);
      memoryBytes += INNER_BYTES;
      root.insert(1, word, child);
      height++;
      if (height > path.length) {
        path = Arrays.copyOf(path, 2 * height);
        pathChildren = Arrays.copyOf(pathChildren, 2 * height);
      }
      return;
    }
    Inner parent = path[level];
    int position = pathChildren[level] + 1;
    if (parent.lastChild() < FANOUT - 1) {
      parent.insert(position, word, child);
      return;
    }
    int splitAt = position == FANOUT ? FANOUT - 1 : FANOUT / 2;
    long between = parent.node[splitAt];
    Inner right = parent.split(splitAt);
    memoryBytes += INNER_BYTES;
    if (position > splitAt) {
      right.insert(position - splitAt, word, child);
    } else {
      parent.insert(position, word, child);
    }
    addChild(level - 1, between, right);
  }

  private static void insert(long[] node, int position, long word) {
    System.arraycopy(node, 1 + position, node, 2 + position, count(node) - position);
    node[1 + position] = word;
    node[0]++;
  }

  EntryCursor cursor() {
    return new Cursor(false);
  }

  /**
   * A cursor for a walk over everything. Entries lie in the slab as they came, so each is a cache
   * miss or four. On entering a leaf this cursor looks at all that lies there, so that the misses
   * are waited for together and not one after the other.
   */
  EntryCursor scanCursor() {
    return new Cursor(true);
  }

  private final class Cursor extends EntryCursor {
    private final boolean scanning;
    private Inner parent = NOWHERE;
    private int child;
    private long[] leaf = NOWHERE.leaf(0);
    private int position;

    /** What was fetched, so that the compiler does not find the look at it useless. */
    @SuppressWarnings("UnusedVariable")
    private int fetched;

    Cursor(boolean scanning) {
      this.scanning = scanning;
    }

    @Override
    boolean seekAtOrAfter(byte[] key, int length) {
      seek(key, length);
      return stand();
    }

    @Override
    boolean seekBefore(byte[] key, int length) {
      seek(key, length);
      position--;
      return stand();
    }

    /** To the first entry not below the key, which may be just behind the leaf's end. */
    private void seek(byte[] key, int length) {
      parent = root;
      for (int level = 1; level < height; level++) {
        parent = parent.inner(childFor(parent, key, length));
      }
      enter(childFor(parent, key, length));
      position = lastAtOrBelow(leaf, key, length);
      if (!isAt(leaf, position, key, length)) {
        position++;
      }
    }

    @Override
    boolean next() {
      position++;
      return stand();
    }

    @Override
    boolean previous() {
      position--;
      return stand();
    }

    private boolean stand() {
      while (position >= count(leaf)) {
        boolean last = child == parent.lastChild();
        if (last && parent.next == null) {
          return false;
        }
        position -= count(leaf);
        parent = last ? Objects.requireNonNull(parent.next) : parent;
        enter(last ? 0 : child + 1);
      }
      while (position < 0) {
        if (child == 0 && parent.previous == null) {
          return false;
        }
        parent = child > 0 ? parent : Objects.requireNonNull(parent.previous);
        enter(child > 0 ? child - 1 : parent.lastChild());
        position += count(leaf);
      }
      entries.show(entry(leaf, position), this);
      return true;
    }

    private void enter(int nextChild) {
      child = nextChild;
      leaf = parent.leaf(nextChild);
      if (scanning) {
        int sum = 0;
        for (int i = 0; i < count(leaf); i++) {
          sum += entries.fetch(entry(leaf, i));
        }
        fetched += sum;
      }
    }
  }
}
