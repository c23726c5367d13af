{{- define "plat.labels" -}}
app.kubernetes.io/name: plat
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "plat.secret" -}}
{{ .Values.existingSecret | default (printf "%s-token" .Release.Name) }}
{{- end }}

{{/* Pod Security restricted. */}}
{{- define "plat.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "plat.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "plat.environment" -}}
- name: AUTH_TOKEN
  valueFrom: {secretKeyRef: {name: {{ include "plat.secret" . }}, key: AUTH_TOKEN}}
- name: PLAT_PUBLIC_URL
  value: {{ .Values.publicUrl | quote }}
{{- if .Values.builderUrl }}
- name: BUILDER_URL
  value: {{ .Values.builderUrl | quote }}
{{- end }}
{{- range $name, $value := .Values.network }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
