#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The borders between the folders of src/ (HACKING.md, "Layers"), kept by a test:
#  - an #include names the folder's own header, a public header of a folder that this one may use,
#    or a system header that the folder may use;
#  - the protocol core needs nothing from outside but memory and string functions, and has no
#    writable variable of static storage.
#
# Run by `make check` in the build directory, or: borders.sh SRC ARCHIVE
# Each finding is one line; exit 1 if there is any.
set -euo pipefail

src=${1:-${srcdir:-.}/src}
archive=${2:-src/rtmfp/librtmfp.a}
nm=${NM:-nm}

# What each folder may use of the others: only headers called FOLDER.h or FOLDER_*.h.
declare -A uses=(
	[rtmfp]=''
	[crypto]='rtmfp'
	[tunnel]='rtmfp'
	[linux]=''
	[daemon]='rtmfp crypto tunnel linux'
	[cli]='rtmfp crypto tunnel linux daemon'
)
# Which folders see the build's config.h.
config_h=' crypto linux daemon cli '
# ISO C alone, without input, output or clock.
iso_c=' assert.h inttypes.h limits.h stdbool.h stddef.h stdint.h stdlib.h string.h '
# Pure logic: the above, and formatting into the caller's buffers.
pure=$iso_c' ctype.h errno.h stdarg.h stdio.h '

findings=0
finding() {
	printf '%s\n' "$*"
	findings=$((findings + 1))
}

# Which folder's public header is NAME, if any?
owner_of() {
	local folder
	for folder in "${!uses[@]}"; do
		case $1 in
		"$folder.h" | "$folder"_*.h) echo "$folder"; return ;;
		esac
	done
}

quoted_include() { # FOLDER WHERE NAME
	local owner
	owner=$(owner_of "$3")
	if [[ $3 == */* ]]; then
		finding "$2: \"$3\" names a path; folders are joined by their include paths alone"
	elif [[ -e $src/$1/$3 ]]; then
		[[ -z $owner || $owner == "$1" ]] || finding "$2: \"$3\" carries the prefix of $owner but lives in $1"
	elif [[ $3 == config.h ]]; then
		[[ $config_h == *" $1 "* ]] || finding "$2: $1 does not depend on the configuration (config.h)"
	elif [[ -z $owner ]]; then
		finding "$2: \"$3\" is neither a header of $1 nor a public header of another folder"
	elif [[ " ${uses[$1]} " != *" $owner "* ]]; then
		finding "$2: $1 may not use $owner (\"$3\")"
	elif [[ ! -e $src/$owner/$3 ]]; then
		finding "$2: there is no \"$3\" in $owner"
	fi
}

system_include() { # FOLDER WHERE NAME
	case $3 in
	wolfssl/* | cyassl/* | intel-ipsec-mb.h)
		[[ $1 == crypto ]] || finding "$2: only crypto may use <$3>"
		return ;;
	netlink/* | linux/*)
		[[ $1 == linux ]] || finding "$2: only linux may use <$3>"
		return ;;
	jansson.h)
		[[ $1 == daemon || $1 == cli ]] || finding "$2: only daemon and cli may use <$3>"
		return ;;
	esac
	case $1 in
	rtmfp) [[ $iso_c == *" $3 "* ]] || finding "$2: rtmfp may not use <$3>, only:$iso_c" ;;
	tunnel) [[ $pure == *" $3 "* ]] || finding "$2: tunnel may not use <$3>, only:$pure" ;;
	esac
}

check_includes() {
	local path folder line text count=0
	while IFS= read -r -d '' path; do
		count=$((count + 1))
		folder=${path#"$src"/}
		if [[ $folder != */* || -z ${uses[${folder%%/*}]+known} ]]; then
			finding "$path: belongs to no folder that has a rule"
			continue
		fi
		folder=${folder%%/*}
		while IFS=: read -r line text; do
			if [[ $text =~ ^[[:space:]]*\#[[:space:]]*include[[:space:]]*\"([^\"]+)\" ]]; then
				quoted_include "$folder" "$path:$line" "${BASH_REMATCH[1]}"
			elif [[ $text =~ ^[[:space:]]*\#[[:space:]]*include[[:space:]]*\<([^\>]+)\> ]]; then
				system_include "$folder" "$path:$line" "${BASH_REMATCH[1]}"
			else
				finding "$path:$line: cannot tell what is included: $text"
			fi
		done < <(grep -nE '^[[:space:]]*#[[:space:]]*(include|import)' "$path" || true)
	done < <(find "$src" -type f -name '*.[ch]' -print0 | sort -z)
	((count > 0)) || finding "$src: no source file found"
}

# Memory and string functions, and what compilers add by themselves: checked variants of the
# former, stack protection, assert(), sanitizers, coverage.
allowed_symbol() {
	case $1 in
	calloc | free | malloc | realloc | mem* | str* | bcmp | __mem*_chk | __str*_chk | explicit_bzero) ;;
	__stack_chk_fail | __assert_fail | _GLOBAL_OFFSET_TABLE_ | __tls_get_addr) ;;
	__asan_* | __ubsan_* | __lsan_* | __tsan_* | __msan_* | __sanitizer_* | __gcov_* | __llvm_profile_*) ;;
	*) return 1 ;;
	esac
}

check_archive() {
	local member='' name class section symbol
	local -A defined=() undefined=()

	if [[ ! -r $archive ]]; then
		finding "$archive: not found"
		return
	fi
	# name|value|class|type|size|line|section
	while IFS='|' read -r name _ class _ _ _ section; do
		if [[ -z $class ]]; then
			[[ $name =~ ^(.*\[)?([^]]+\.o)(\])?:$ ]] && member=${BASH_REMATCH[2]}
			continue
		fi
		name=${name//[[:space:]]/} class=${class//[[:space:]]/} section=${section//[[:space:]]/}
		case $class in
		U | w | v) undefined[$name]+=" $member"; continue ;;
		[A-Z]) defined[$name]=1 ;;
		esac
		case $section in
		.data.rel.ro*) ;; # constants that hold addresses
		.data* | .bss* | .tdata* | .tbss* | .sdata* | .sbss* | \*COM\* | COMMON)
			case $name in
			__*an_* | __odr_asan* | __gcov_* | __prof* | __llvm_*) ;; # instrumentation
			*) finding "$archive($member): writable variable $name in $section" ;;
			esac ;;
		*)
			[[ $class != C ]] || finding "$archive($member): writable variable $name" ;;
		esac
	done < <("$nm" --format=sysv "$archive" 2>/dev/null)
	((${#defined[@]} > 0)) || finding "$archive: defines no symbol"

	for symbol in "${!undefined[@]}"; do
		[[ -n ${defined[$symbol]+yes} ]] || allowed_symbol "$symbol" ||
			finding "$archive: needs $symbol (in${undefined[$symbol]}), which is no memory or string function"
	done
}

check_includes
check_archive
if ((findings)); then
	echo "borders: $findings findings"
	exit 1
fi
echo "borders: none crossed"
