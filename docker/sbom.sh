#!/bin/sh
# sbom.sh: prints what is in this Debian system as SPDX 2.3 in JSON: each package that dpkg has installed, with its source, and
# tripsage-api itself, which depends on them all. SBOM_VERSION is its version and SBOM_CREATED the instant that stands in it; without them,
# unknown and now.
#
# Only dpkg-query and awk are needed, which every Debian has.
set -eu

created=${SBOM_CREATED:-$(date -u +%Y-%m-%dT%H:%M:%SZ)}
version=${SBOM_VERSION:-unknown}
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "$VERSION_ID")

# shellcheck disable=SC2016 # the variables are dpkg-query's
dpkg-query -W -f '${db:Status-Status}\t${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\t${Homepage}\n' |
    LC_ALL=C sort | awk -F '\t' -v created="$created" -v version="$version" -v release="$release" '
function quote(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    return "\"" text "\""
}
function encoded(text) { # in a package URL; what Debian has in names and versions, and a URL not
    gsub(/%/, "%25", text)
    gsub(/\+/, "%2B", text)
    gsub(/:/, "%3A", text)
    gsub(/~/, "~", text)
    return text
}
function id(name) { # SPDX ids have letters, digits, dots and hyphens
    gsub(/\+/, "-plus", name)
    gsub(/[^A-Za-z0-9.-]/, "-", name)
    return "SPDXRef-Package-" name
}
BEGIN {
    printf "{\n\"spdxVersion\": \"SPDX-2.3\",\n\"dataLicense\": \"CC0-1.0\",\n\"SPDXID\": \"SPDXRef-DOCUMENT\",\n"
    printf "\"name\": %s,\n", quote("tripsage-api-" version)
    printf "\"documentNamespace\": %s,\n", quote("urn:tripsage:sbom:" version ":" created)
    printf "\"creationInfo\": {\"created\": %s, \"creators\": [\"Tool: tripsage-sbom\"]},\n", quote(created)
    printf "\"documentDescribes\": [\"SPDXRef-Package-tripsage-api\"],\n\"packages\": [\n"
    printf "{\"SPDXID\": \"SPDXRef-Package-tripsage-api\", \"name\": \"tripsage-api\", \"versionInfo\": %s, ", quote(version)
    printf "\"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false, \"licenseConcluded\": \"MIT\", \"licenseDeclared\": \"MIT\", "
    printf "\"copyrightText\": \"NOASSERTION\", \"primaryPackagePurpose\": \"APPLICATION\"}"
}
$1 == "installed" {
    ids[++count] = id($2)
    printf ",\n{\"SPDXID\": %s, \"name\": %s, \"versionInfo\": %s, ", quote(id($2)), quote($2), quote($3)
    printf "\"supplier\": \"Organization: Debian\", \"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false, "
    if ($7 != "")
        printf "\"homepage\": %s, ", quote($7)
    printf "\"licenseConcluded\": \"NOASSERTION\", \"licenseDeclared\": \"NOASSERTION\", \"copyrightText\": \"NOASSERTION\", "
    printf "\"sourceInfo\": %s, ", quote("built from " $5 " " $6)
    printf "\"externalRefs\": [{\"referenceCategory\": \"PACKAGE-MANAGER\", \"referenceType\": \"purl\", \"referenceLocator\": %s}]}", \
        quote("pkg:deb/debian/" encoded($2) "@" encoded($3) "?arch=" $4 "&distro=debian-" release)
}
END {
    printf "\n],\n\"relationships\": [\n"
    printf "{\"spdxElementId\": \"SPDXRef-DOCUMENT\", \"relationshipType\": \"DESCRIBES\", \"relatedSpdxElement\": \"SPDXRef-Package-tripsage-api\"}"
    for (i = 1; i <= count; i++)
        printf ",\n{\"spdxElementId\": \"SPDXRef-Package-tripsage-api\", \"relationshipType\": \"DEPENDS_ON\", \"relatedSpdxElement\": %s}", \
            quote(ids[i])
    printf "\n]\n}\n"
}'
