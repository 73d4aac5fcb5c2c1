{{/* Refuses what cannot work together, and what the schema cannot say. */}}
{{- define "outrider.check" -}}
{{- $values := .Values -}}
{{- if eq (int $values.listenPort) (int $values.plainPort) -}}
{{- fail (printf "listenPort and plainPort are both %d: give them two numbers" (int $values.listenPort)) -}}
{{- end -}}
{{- if and $values.fullnameOverride $values.nameOverride (ne $values.fullnameOverride $values.nameOverride) -}}
{{- fail "fullnameOverride and nameOverride both name the installation, and differently: give one" -}}
{{- end -}}
{{- if and $values.serviceMonitor.create $values.podMonitor.create -}}
{{- fail "serviceMonitor.create and podMonitor.create would both scrape every replica: choose one" -}}
{{- end -}}
{{- if and $values.caBundle.configMap $values.caBundle.secret -}}
{{- fail "caBundle has a configMap and a secret: give one" -}}
{{- end -}}
{{- if hasKey $values.policies (include "outrider.defaultPolicyName" .) -}}
{{- fail (printf "policies.%s is the name of the default policy: use defaultPolicy.spec, or another name" (include "outrider.defaultPolicyName" .)) -}}
{{- end -}}
{{- include "outrider.checkNames" (dict "what" "extraEnv" "items" $values.extraEnv "ours" (include "outrider.ownEnvNames" . | fromJsonArray)) -}}
{{- include "outrider.checkNames" (dict "what" "extraVolumes" "items" $values.extraVolumes "ours" (list "tls" "registry-config" "image-config" "docker-config" "ca-bundle")) -}}
{{- include "outrider.checkNames" (dict "what" "extraContainers and extraInitContainers" "items" (concat $values.extraContainers $values.extraInitContainers) "ours" (list "outrider")) -}}
{{- $mounts := list "/etc/outrider/registry" -}}
{{- if or $values.caBundle.configMap $values.caBundle.secret -}}{{- $mounts = append $mounts "/etc/outrider/ca" -}}{{- end -}}
{{- range $values.extraVolumeMounts -}}
{{- $path := clean .mountPath -}}
{{- if has $path (list "/" "/etc" "/etc/outrider" "/etc/outrider/tls" "/etc/outrider/registry" "/etc/outrider/images" "/etc/outrider/docker" "/etc/outrider/ca") -}}
{{- fail (printf "extraVolumeMounts has %s, which is the chart's own: take another path" $path) -}}
{{- end -}}
{{- $mounts = append $mounts $path -}}
{{- end -}}
{{- range $index, $host := $values.registryConfig.hosts | default list -}}
{{- with $host.caFile -}}
{{- $path := isAbs . | ternary . (printf "/etc/outrider/registry/%s" .) | clean -}}
{{- $found := false -}}
{{- range rest $mounts -}}
{{- if hasPrefix (printf "%s/" .) $path -}}{{- $found = true -}}{{- else if eq . $path -}}{{- $found = true -}}{{- end -}}
{{- end -}}
{{- if not $found -}}
{{- fail (printf "registryConfig.hosts[%d].caFile is %s in the container, and nothing is mounted there: give caBundle, whose files are in /etc/outrider/ca, or extraVolumeMounts" $index $path) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses names that are ours, or that stand twice. */}}
{{- define "outrider.checkNames" -}}
{{- $seen := .ours -}}
{{- $what := .what -}}
{{- range .items -}}
{{- if has .name $seen -}}
{{- fail (printf "%s has %s, which the chart sets itself or which stands there twice" $what .name) -}}
{{- end -}}
{{- $seen = append $seen .name -}}
{{- end -}}
{{- end -}}
