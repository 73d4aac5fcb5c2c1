/** Where a rule comes from: what `doctor` prints besides a finding. */
export const sources = {
  datadogRequirements:
    'Datadog, Workload Protection, supported Linux distributions: https://docs.datadoghq.com/security/workload_protection/supported_linux_distributions/',
  datadogChart: 'Datadog’s Helm chart: https://github.com/DataDog/helm-charts/tree/main/charts/datadog',
  seccomp:
    'Kubernetes, seccomp: https://kubernetes.io/docs/tutorials/security/seccomp/; containerd 1.6.7, release notes',
  yama: 'Linux, Yama: https://docs.kernel.org/admin-guide/LSM/Yama.html',
  podSecurity:
    'Kubernetes, Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/',
  sidecars: 'Kubernetes, sidecar containers: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/',
  imageVolumes:
    'Kubernetes, image volumes: https://kubernetes.io/docs/tasks/configure-pod-container/image-volumes/; containerd before 2.2 ignores their subPath',
  openShift:
    'OpenShift, security context constraints: https://docs.redhat.com/en/documentation/openshift_container_platform/4.18/html/authentication_and_authorization/managing-pod-security-policies',
  eksFargate: 'Amazon EKS, Fargate considerations: https://docs.aws.amazon.com/eks/latest/userguide/fargate.html',
  autopilot: 'GKE, Autopilot security: https://cloud.google.com/kubernetes-engine/docs/concepts/autopilot-security',
  virtualKubelet: 'Virtual Kubelet: https://virtual-kubelet.io/docs/',
  ecsPidMode:
    'Amazon ECS, task definition parameters: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html',
  fargatePlatform:
    'AWS Fargate, platform versions: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html',
  ecsArm64:
    'Amazon ECS, 64-bit ARM workloads: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html',
  cloudFormation:
    'AWS CloudFormation, intrinsic functions: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html',
  dockerrun:
    'Elastic Beanstalk, Dockerrun.aws.json version 2: https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/create_deploy_docker_v2config.html',
  ecs: 'Outrider, docs/ecs.md',
  gkeSandbox: 'GKE, GKE Sandbox: https://cloud.google.com/kubernetes-engine/docs/concepts/sandbox-pods',
  policies: 'Outrider, docs/policies.md',
  outrider: 'Outrider, docs/doctor.md',
} as const;

/** The name of a source. */
export type Source = keyof typeof sources;
