// The part of the script that edits the preload list, in awk: what core/preload-list does, for lists without a NUL byte.

/** Its variable `list_program` is the same algorithm, function by function; a test compares the results. */
export const SETUP_LIST = `
# verb 'add', 'remove' or 'has'. Exit 1: no place, or not there; 9: the file goes.
list_program='
# Fills name[] and at[] with what ld.so loads from a text, and says how many; behind: where the text goes on after the last comment.
function loaded(text,    size, rest, from, hash, newline, end, last, i, count, piece, word) {
  size = length(text); rest = size; from = 0; behind = -1
  while (rest > 0) {
    hash = index(substr(text, from + 1), "#")
    if (hash == 0) break
    hash += from - 1
    if (hash >= rest) break
    rest -= hash
    newline = index(substr(text, hash + 1), "\\n")
    newline = newline == 0 ? -1 : newline + hash - 1
    end = (newline < 0 ? size : newline) - hash
    if (rest < end) end = rest
    from = hash + end
    text = substr(text, 1, hash) spaces(end) substr(text, from + 1)
    rest -= end
    if (from == newline) behind = newline + 1
  }
  last = size
  while (last > 0 && !separates(substr(text, last, 1))) last--
  count = 0; word = ""
  for (i = 1; i <= last; i++) {
    piece = substr(text, i, 1)
    if (!separates(piece)) { word = word piece; continue }
    if (word != "") { count++; name[count] = word; at[count] = i - length(word); word = "" }
  }
  if (last < size) { count++; name[count] = substr(text, last + 1); at[count] = last + 1 }
  return count
}
function separates(piece) { return piece == " " || piece == "\\t" || piece == "\\n" || piece == ":" }
function spaces(count,    text) { text = ""; while (count-- > 0) text = text " "; return text }
function names_in(text, without,    count, i, all) {
  count = loaded(text); all = ""
  for (i = 1; i <= count; i++) if (at[i] != without) all = all name[i] "\\n"
  return all
}
function others_in(text,    count, i, all) {
  count = loaded(text); all = ""; ours = 0
  for (i = 1; i <= count; i++) if (name[i] == entry) ours++; else all = all name[i] "\\n"
  return all
}
function cut(text, from, to) { return substr(text, 1, from - 1) substr(text, to) }
function without_name(text, place,    size, end, start, newline, stop, before, after, wanted, i, count, from, to, candidate) {
  size = length(text); end = place + length(entry); wanted = names_in(text, place)
  newline = index(substr(text, end), "\\n")
  stop = newline == 0 ? size + 1 : end + newline
  start = place
  while (start > 1 && substr(text, start - 1, 1) != "\\n") start--
  before = substr(text, start, place - start)
  after = substr(text, end, stop - end)
  count = 0
  if (before == "" && after == " \\n" && stop == size + 1) { count++; from[count] = start > 1 ? start - 1 : 1; to[count] = stop }
  if (before ~ /^[ \\t:]*$/ && after ~ /^[ \\t:]*\\n?$/) { count++; from[count] = start; to[count] = stop }
  if (before == "") {
    count++; from[count] = place; to[count] = end + 1
    count++; from[count] = place - 1; to[count] = end
  } else {
    count++; from[count] = place - 1; to[count] = end
    count++; from[count] = place; to[count] = end + 1
  }
  for (i = 1; i <= count; i++) {
    if (from[i] < 1 || to[i] > size + 1) continue
    candidate = cut(text, from[i], to[i])
    if (names_in(candidate, 0) == wanted) return candidate
  }
  return substr(text, 1, place - 1) spaces(length(entry)) substr(text, end)
}
function keep_first(most, text,    count, i, last, found) {
  for (;;) {
    count = loaded(text); last = 0; found = 0
    for (i = 1; i <= count; i++) if (name[i] == entry) { found++; last = at[i] }
    if (found <= most) return text
    text = without_name(text, last)
  }
}
function fits(candidate,    others) {
  others = others_in(candidate)
  return ours == 1 && others == old && keep_first(0, candidate) == text
}
function add(    candidate) {
  old = others_in(text)
  if (ours > 0) return keep_first(1, text)
  candidate = text entry (text ~ /\\n$/ ? "\\n" : " \\n")
  if (text != "" && text !~ /\\n$/) candidate = text "\\n" entry " \\n"
  if (fits(candidate)) return candidate
  candidate = entry "\\n" text
  if (fits(candidate)) return candidate
  loaded(text)
  if (behind >= 0) {
    candidate = substr(text, 1, behind) entry "\\n" substr(text, behind + 1)
    if (fits(candidate)) return candidate
  }
  exit 1
}
BEGIN { entry = ENVIRON["entry"] }
{ text = text $0 "\\n" }
END {
  if (!ended) text = substr(text, 1, length(text) - 1)
  if (verb == "add") printf "%s", add()
  else if (verb == "remove") {
    text = keep_first(1, text)
    if (text == entry "\\n") exit 9
    printf "%s", keep_first(0, text)
  } else if (verb == "others") printf "%s", others_in(text)
  else { others_in(text); exit ours == 0 }
}'

# VERB FILE, on standard output.
list_text() {
  ended=1
  [ ! -s "$2" ] || [ -z "$(tail -c 1 "$2")" ] || ended=0
  entry=$entry awk -v verb="$1" -v ended="$ended" "$list_program" "$2"
}

listed() { [ -f "$list" ] && list_text has "$list"; }

# What ld.so reads in another way than this script, or what would lead to a shim twice.
check_list() {
  [ -e "$list" ] || [ -L "$list" ] || return 0
  place=$(list_place)
  [ -d "\${place%/*}" ] || refuse "'$list' is a link to '$place', and there is no such folder"
  [ -e "$place" ] || return 0
  [ -f "$place" ] || refuse "the preload list '$list' is no file" "see 'ls -l $list'"
  [ "$(tr -d '\\000' <"$place" | wc -c)" -eq "$(wc -c <"$place")" ] ||
    refuse "there is a NUL byte in the preload list '$list'" "take it out by hand"
  [ -n "$(find "$place" -prune -perm -444)" ] ||
    refuse "not everybody may read the preload list '$list', so it is for root's programs alone" "run 'chmod a+r $list'"
  other=$(list_text others "$place" | grep -E '(^|/)libportreserve[.]so$' | head -n 1)
  [ -z "$other" ] || refuse "'$other' is in the preload list '$list', and was put there by hand" "take it out"
}
`;
