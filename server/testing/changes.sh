# Changes the tree below ./programs in every way that a shell can, for ever: bash changes.sh SEED
RANDOM=$1
mkdir -p programs && cd programs || exit
names=(a b c d 'e f' $'x\xff' $'new\nline' ü node_modules)

name() { reply=${names[RANDOM % ${#names[@]}]}; }
# A path one to three names deep, whose folder mostly exists.
place() {
  name && place=./$reply
  for ((depth = RANDOM % 3; depth > 0; depth--)); do
    [[ -d $place && ! -L $place ]] || break
    name && place+=/$reply
  done
}
content() { head -c $((RANDOM % 6 ? RANDOM % 60 : RANDOM * 8)) /dev/zero | tr '\0' x; echo "$RANDOM"; }

while :; do
  place
  from=$place
  place
  case $((RANDOM % 14)) in
    0 | 1 | 2) content > "$place" ;;
    3) content > .saving && mv -T .saving "$place" ;;
    4 | 5) echo more >> "$place" ;;
    6) mkdir -p "$place/b/c" && content > "$place/b/in" ;;
    7 | 8) mv -T "$from" "$place" ;;
    9) rm -rf "$place" ;;
    10) [[ -L $place ]] || chmod $((700 + RANDOM % 8 * 10 + RANDOM % 8)) "$place" ;;
    11) ln -sfT "target$((RANDOM % 5))" "$place" ;;
    12) for ((turn = RANDOM % 20; turn > 0; turn--)); do echo $turn > "$place"; done ;;
    13) echo other > "../shared/$((RANDOM % 4))" && { ((RANDOM % 2)) || rm "../shared/$((RANDOM % 4))"; } ;;
  esac
  sleep 0.0$((RANDOM % 4))
done 2> /dev/null
