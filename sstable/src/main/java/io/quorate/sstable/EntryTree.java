package io.quorate.sstable;

import io.quorate.environment.Invariant;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A B+tree from {@link StoreKey} to value, the shape of a memtable. Nodes hold 64 entries as two
 * flat arrays, the token (the first eight bytes of the key) and the address of the entry in a
 * {@link Slab}: most comparisons touch the token only, and no entry is an object.
 *
 * <pre>
 * Entry in the slab := keyLength i32 | valueAddress i32 | valueLength i32 | valueCapacity i32 | key
 * </pre>
 *
 * <p>A value that does not outgrow its place is overwritten there. An entry never moves, so a
 * cursor stays valid while values change, but not while entries are added. Owned by its memtable;
 * not thread-safe until frozen.
 */
final class EntryTree {
  private static final int FANOUT = 64;
  private static final int VALUE_ADDRESS = 4;
  private static final int VALUE_LENGTH = 8;
  private static final int VALUE_CAPACITY = 12;
  private static final int KEY = 16;

  /** A leaf begins half full, after a split, and grows in steps: most are not full. */
  private static final int LEAF_STEP = FANOUT / 8;

  private static final int BYTES_PER_ENTRY = Long.BYTES + Integer.BYTES;
  private static final int NODE_BYTES = 24 + 2 * 16;
  private static final int LEAF_BYTES = NODE_BYTES + 8 + FANOUT / 2 * BYTES_PER_ENTRY;
  private static final int INNER_BYTES =
      NODE_BYTES + 8 + 16 + FANOUT * (BYTES_PER_ENTRY + Integer.BYTES);

  private static class Node {
    long[] tokens;
    int[] entries;
    int count;

    Node(int capacity) {
      tokens = new long[capacity];
      entries = new int[capacity];
    }
  }

  private static final class Leaf extends Node {
    @Nullable Leaf next;
    @Nullable Leaf previous;

    Leaf() {
      super(FANOUT / 2);
    }
  }

  /** Child {@code i} holds the keys from entry {@code i} on; entry 0 stands for the least key. */
  private static final class Inner extends Node {
    final @Nullable Node[] children = new @Nullable Node[FANOUT];

    Inner() {
      super(FANOUT);
    }
  }

  /** Where a cursor stands before its first move. Stays empty. */
  private static final Leaf NO_LEAF = new Leaf();

  private final Slab slab = new Slab();
  private Node root = new Leaf();
  private int height = 1;
  private long nodeBytes = LEAF_BYTES;
  private int entryCount;

  /** The way down to the last leaf that was found: nodes and the child taken in each. */
  private Inner[] pathNodes = new Inner[8];

  private int[] pathChildren = new int[8];

  /** Whether the last {@link #findOrAdd} added. */
  boolean added;

  int entryCount() {
    return entryCount;
  }

  long memoryBytes() {
    return slab.memoryBytes() + nodeBytes;
  }

  byte[] chunk(int entry) {
    return slab.chunk(entry);
  }

  /** Address of the entry with a key; a new one has no value yet. */
  int findOrAdd(byte[] key, int length) {
    long token = StoreKey.token(key, 0);
    Leaf leaf = descend(token, key, length);
    int position = lastAtOrBelow(leaf, token, key, length);
    if (position >= 0 && compare(leaf, position, token, key, length) == 0) {
      added = false;
      return leaf.entries[position];
    }
    int entry = newEntry(key, length);
    insert(leaf, position + 1, token, entry);
    entryCount++;
    added = true;
    return entry;
  }

  private int newEntry(byte[] key, int length) {
    int entry = slab.allocate(KEY + length);
    byte[] chunk = slab.chunk(entry);
    int at = Slab.offset(entry);
    putInt(chunk, at, length);
    System.arraycopy(key, 0, chunk, at + KEY, length);
    return entry;
  }

  int valueLength(int entry) {
    return ByteReader.intAt(slab.chunk(entry), Slab.offset(entry) + VALUE_LENGTH);
  }

  int valueCapacity(int entry) {
    return ByteReader.intAt(slab.chunk(entry), Slab.offset(entry) + VALUE_CAPACITY);
  }

  byte[] valueBytes(int entry) {
    return slab.chunk(ByteReader.intAt(slab.chunk(entry), Slab.offset(entry) + VALUE_ADDRESS));
  }

  int valueOffset(int entry) {
    return Slab.offset(ByteReader.intAt(slab.chunk(entry), Slab.offset(entry) + VALUE_ADDRESS));
  }

  /** Sets a value, with room for it to grow to {@code capacity} bytes in its place. */
  void setValue(int entry, byte[] value, int offset, int length, int capacity) {
    byte[] chunk = slab.chunk(entry);
    int at = Slab.offset(entry);
    int address = ByteReader.intAt(chunk, at + VALUE_ADDRESS);
    if (length > ByteReader.intAt(chunk, at + VALUE_CAPACITY)) {
      int room = Math.max(length, capacity);
      address = slab.allocate(room);
      putInt(chunk, at + VALUE_ADDRESS, address);
      putInt(chunk, at + VALUE_CAPACITY, room);
    }
    System.arraycopy(value, offset, slab.chunk(address), Slab.offset(address), length);
    putInt(chunk, at + VALUE_LENGTH, length);
  }

  /** Appends to a value that has room. */
  void appendValue(int entry, byte[] more, int offset, int length) {
    int before = valueLength(entry);
    Invariant.check(length <= valueCapacity(entry) - before, "a value has room", before, length);
    System.arraycopy(more, offset, valueBytes(entry), valueOffset(entry) + before, length);
    putInt(slab.chunk(entry), Slab.offset(entry) + VALUE_LENGTH, before + length);
  }

  private static void putInt(byte[] bytes, int offset, int value) {
    bytes[offset] = (byte) (value >>> 24);
    bytes[offset + 1] = (byte) (value >>> 16);
    bytes[offset + 2] = (byte) (value >>> 8);
    bytes[offset + 3] = (byte) value;
  }

  private Leaf descend(long token, byte[] key, int length) {
    Node node = root;
    for (int level = 0; level < height - 1; level++) {
      Inner inner = (Inner) node;
      int child = Math.max(0, lastAtOrBelow(inner, token, key, length));
      pathNodes[level] = inner;
      pathChildren[level] = child;
      node = child(inner, child);
    }
    return (Leaf) node;
  }

  private static Node child(Inner inner, int index) {
    Node child = inner.children[index];
    if (child == null) {
      throw new Invariant.Broken("an inner node has a child for each entry");
    }
    return child;
  }

  /** Index of the last entry whose key is not above the given one; -1 when all are. */
  private int lastAtOrBelow(Node node, long token, byte[] key, int length) {
    int low = 0;
    int high = node.count;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (compare(node, middle, token, key, length) <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low - 1;
  }

  private int compare(Node node, int position, long token, byte[] key, int length) {
    long other = node.tokens[position];
    if (other != token) {
      return other < token ? -1 : 1;
    }
    int entry = node.entries[position];
    byte[] chunk = slab.chunk(entry);
    int at = Slab.offset(entry);
    int end = at + KEY + ByteReader.intAt(chunk, at);
    return Arrays.compareUnsigned(
        chunk, Math.min(at + KEY + 8, end), end, key, Math.min(8, length), length);
  }

  private void insert(Leaf leaf, int position, long token, int entry) {
    if (leaf.count < FANOUT) {
      insertInLeaf(leaf, position, token, entry);
      return;
    }
    Leaf right = new Leaf();
    nodeBytes += LEAF_BYTES;
    right.next = leaf.next;
    right.previous = leaf;
    if (leaf.next != null) {
      leaf.next.previous = right;
    }
    leaf.next = right;
    // Keys that come in order leave full leaves behind.
    int splitAt = position == FANOUT ? FANOUT : FANOUT / 2;
    moveTail(leaf, right, splitAt);
    if (splitAt < FANOUT) {
      resize(leaf, FANOUT / 2);
    }
    if (position > splitAt || splitAt == FANOUT) {
      insertInLeaf(right, position - splitAt, token, entry);
    } else {
      insertInLeaf(leaf, position, token, entry);
    }
    addChild(height - 2, right);
  }

  private void insertInLeaf(Leaf leaf, int position, long token, int entry) {
    if (leaf.count == leaf.tokens.length) {
      resize(leaf, leaf.count + LEAF_STEP);
    }
    insertAt(leaf, position, token, entry);
  }

  private void resize(Leaf leaf, int capacity) {
    nodeBytes += (long) (capacity - leaf.tokens.length) * BYTES_PER_ENTRY;
    leaf.tokens = Arrays.copyOf(leaf.tokens, capacity);
    leaf.entries = Arrays.copyOf(leaf.entries, capacity);
  }

  private void addChild(int level, Node right) {
    if (level < 0) {
      Inner top = new Inner();
      nodeBytes += INNER_BYTES;
      top.children[0] = root;
      top.tokens[0] = root.tokens[0];
      top.entries[0] = root.entries[0];
      top.children[1] = right;
      top.tokens[1] = right.tokens[0];
      top.entries[1] = right.entries[0];
      top.count = 2;
      root = top;
      height++;
      if (height > pathNodes.length) {
        pathNodes = Arrays.copyOf(pathNodes, 2 * height);
        pathChildren = Arrays.copyOf(pathChildren, 2 * height);
      }
      return;
    }
    Inner parent = pathNodes[level];
    int position = pathChildren[level] + 1;
    if (parent.count < FANOUT) {
      insertChildAt(parent, position, right);
      return;
    }
    Inner sibling = new Inner();
    nodeBytes += INNER_BYTES;
    int splitAt = position == FANOUT ? FANOUT - 1 : FANOUT / 2;
    System.arraycopy(parent.children, splitAt, sibling.children, 0, FANOUT - splitAt);
    Arrays.fill(parent.children, splitAt, FANOUT, null);
    moveTail(parent, sibling, splitAt);
    if (position > splitAt) {
      insertChildAt(sibling, position - splitAt, right);
    } else {
      insertChildAt(parent, position, right);
    }
    addChild(level - 1, sibling);
  }

  private static void insertChildAt(Inner inner, int position, Node child) {
    System.arraycopy(
        inner.children, position, inner.children, position + 1, inner.count - position);
    inner.children[position] = child;
    insertAt(inner, position, child.tokens[0], child.entries[0]);
  }

  private static void insertAt(Node node, int position, long token, int entry) {
    int moved = node.count - position;
    System.arraycopy(node.tokens, position, node.tokens, position + 1, moved);
    System.arraycopy(node.entries, position, node.entries, position + 1, moved);
    node.tokens[position] = token;
    node.entries[position] = entry;
    node.count++;
  }

  private static void moveTail(Node from, Node to, int start) {
    int moved = from.count - start;
    System.arraycopy(from.tokens, start, to.tokens, 0, moved);
    System.arraycopy(from.entries, start, to.entries, 0, moved);
    to.count = moved;
    from.count = start;
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
    private static final int CACHE_LINE_BYTES = 64;

    private final boolean scanning;
    private Leaf leaf = NO_LEAF;
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
      fetchLeaf();
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
      long token = tokenOf(key, length);
      Node node = root;
      for (int level = 0; level < height - 1; level++) {
        Inner inner = (Inner) node;
        node = child(inner, Math.max(0, lastAtOrBelow(inner, token, key, length)));
      }
      leaf = (Leaf) node;
      position = lastAtOrBelow(leaf, token, key, length);
      if (position < 0 || compare(leaf, position, token, key, length) != 0) {
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
      while (position >= leaf.count) {
        if (leaf.next == null) {
          return false;
        }
        position -= leaf.count;
        leaf = leaf.next;
        fetchLeaf();
      }
      while (position < 0) {
        if (leaf.previous == null) {
          return false;
        }
        leaf = leaf.previous;
        position += leaf.count;
      }
      int entry = leaf.entries[position];
      keyBytes = slab.chunk(entry);
      int at = Slab.offset(entry);
      keyOffset = at + KEY;
      keyLength = ByteReader.intAt(keyBytes, at);
      int value = ByteReader.intAt(keyBytes, at + VALUE_ADDRESS);
      valueBytes = slab.chunk(value);
      valueOffset = Slab.offset(value);
      valueLength = ByteReader.intAt(keyBytes, at + VALUE_LENGTH);
      return true;
    }

    /** Looks at the lines of each short entry; a new row's value lies just behind its key. */
    private void fetchLeaf() {
      if (!scanning) {
        return;
      }
      int sum = 0;
      int count = leaf.count;
      int[] entries = leaf.entries;
      for (int i = 0; i < count; i++) {
        byte[] chunk = slab.chunk(entries[i]);
        int at = Slab.offset(entries[i]);
        int last = chunk.length - 1;
        sum += chunk[Math.min(at + CACHE_LINE_BYTES, last)];
        sum += chunk[Math.min(at + 2 * CACHE_LINE_BYTES, last)];
        int end = at + ByteReader.intAt(chunk, at) + ByteReader.intAt(chunk, at + VALUE_LENGTH);
        sum += chunk[Math.min(end + KEY, last)];
      }
      fetched += sum;
    }
  }

  /** A bound may be shorter than a token. The missing bytes count as zeros, the least there are. */
  private static long tokenOf(byte[] key, int length) {
    return length >= 8
        ? StoreKey.token(key, 0)
        : StoreKey.token(Arrays.copyOf(Arrays.copyOf(key, length), 8), 0);
  }
}
